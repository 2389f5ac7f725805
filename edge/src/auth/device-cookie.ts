import type { Context } from "hono";
import { getCookie, setCookie } from "hono/cookie";
import type { AppEnv } from "../env.ts";
import { type Device, DEVICE_SECONDS, issueDevice, readDevice } from "./device.ts";

const NAME = "sg_device";

/** The device that a browser says it is, if it has signed in before. */
export const deviceOf = (c: Context<AppEnv>, now: number): Promise<Device | null> =>
  readDevice(c.var.deps.tokenSecret, getCookie(c, NAME), now);

/** Knows the device again at its next login; only login sees the cookie, no script and no other site. */
export async function rememberDevice(c: Context<AppEnv>, userId: number, known: Device | null, now: number): Promise<void> {
  const device = known?.userId === userId ? known : { userId, deviceId: crypto.randomUUID() };
  setCookie(c, NAME, await issueDevice(c.var.deps.tokenSecret, device, now), {
    path: "/api/v1/auth",
    httpOnly: true,
    sameSite: "Strict",
    secure: c.var.deps.publicBaseUrl.startsWith("https:"),
    maxAge: DEVICE_SECONDS,
  });
}
