import { sign, verify } from "hono/jwt";
import { z } from "zod";

/** As long as a browser keeps a cookie at all, and longer than anybody stays away. */
export const DEVICE_SECONDS = 400 * 86_400;

const Claims = z.object({ sub: z.string(), dev: z.string().min(1).max(64), use: z.literal("device"), exp: z.number() });

/** A device that an account has signed in on. It opens nothing: its own failures are all that keep it from trying again. */
export interface Device {
  userId: number;
  deviceId: string;
}

/** What a device shows at its next login. Signed, so that nobody makes themselves known devices to guess with. */
export function issueDevice(secret: string, { userId, deviceId }: Device, now: number): Promise<string> {
  const issuedAt = Math.floor(now / 1000);
  return sign({ sub: String(userId), dev: deviceId, use: "device", iat: issuedAt, exp: issuedAt + DEVICE_SECONDS }, secret, "HS256");
}

/** The device of such a token; null for whatever else is shown. */
export async function readDevice(secret: string, token: string | undefined, now: number): Promise<Device | null> {
  if (token === undefined) return null;
  try {
    const claims = Claims.parse(await verify(token, secret, { alg: "HS256", exp: false }));
    return claims.exp * 1000 > now ? { userId: Number(claims.sub), deviceId: claims.dev } : null;
  } catch {
    return null;
  }
}
