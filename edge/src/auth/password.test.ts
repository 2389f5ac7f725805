import { expect, test } from "vitest";
import { hashPassword, md5Hex, verifyPassword } from "./password.ts";

const PLAIN = "correct horse 电池";
const HEX = "0123456789abcdef0123456789abcdef";

test("md5 is that of the UTF-8 text", () => {
  expect(md5Hex("")).toBe("d41d8cd98f00b204e9800998ecf8427e");
  expect(md5Hex("密码")).toBe("a8105204604a0b11e916f3879aae3b0b");
});

test("a password opens its account plain, as its MD5, and as its MD5 in capitals", async () => {
  const stored = await hashPassword(PLAIN);
  expect(stored).toMatch(/^pbkdf2-sha256\$100000\$[^$]+\$[^$]+$/);
  const tries = [PLAIN, md5Hex(PLAIN), md5Hex(PLAIN).toUpperCase()];
  expect(await Promise.all(tries.map((onTheWire) => verifyPassword(onTheWire, stored)))).toEqual([true, true, true]);
});

test("a wrong password opens nothing", async () => {
  const stored = await hashPassword(PLAIN);
  const tries = ["", `${PLAIN} `, md5Hex("another"), md5Hex(md5Hex(PLAIN)), stored];
  expect(await Promise.all(tries.map((onTheWire) => verifyPassword(onTheWire, stored)))).toEqual(tries.map(() => false));
});

test("a password that looks like an MD5 opens its account as itself and as its MD5", async () => {
  const stored = await hashPassword(HEX);
  expect(await verifyPassword(HEX, stored)).toBe(true);
  expect(await verifyPassword(md5Hex(HEX), stored)).toBe(true);
});

test("nobody is opened by nothing, nor by what stands in for their hash", async () => {
  expect(await verifyPassword(PLAIN, null)).toBe(false);
  expect(await verifyPassword("", null)).toBe(false);
});

test("the same password is stored differently each time", async () => {
  expect(await hashPassword(PLAIN)).not.toBe(await hashPassword(PLAIN));
});
