import { expect, test } from "vitest";
import { DEVICE_SECONDS, issueDevice, readDevice } from "./device.ts";
import { issueToken } from "./token.ts";

const SECRET = "only-for-tests-0123456789abcdef0123456789";
const NOW = Date.UTC(2026, 0, 1);
const device = { userId: 1001, deviceId: "laptop" };

test("a device is known again for as long as browsers keep cookies, and not after that", async () => {
  const token = await issueDevice(SECRET, device, NOW);
  expect(await readDevice(SECRET, token, NOW + DEVICE_SECONDS * 1000 - 1)).toEqual(device);
  expect(await readDevice(SECRET, token, NOW + DEVICE_SECONDS * 1000)).toBeNull();
});

test("nothing else is a device: no token of a session, none that another secret signed, none that was changed", async () => {
  const session = await issueToken(SECRET, { userId: 1001, sessionId: "s", use: "access" }, NOW);
  const token = await issueDevice(SECRET, device, NOW);
  const [head, , signature] = token.split(".");
  const forged = [head, Buffer.from(JSON.stringify({ sub: "1", dev: "x", use: "device", exp: 9e9 })).toString("base64url"), signature];
  for (const shown of [undefined, "", "garbage", session, await issueDevice(`${SECRET}!`, device, NOW), forged.join(".")]) {
    expect(await readDevice(SECRET, shown, NOW)).toBeNull();
  }
});
