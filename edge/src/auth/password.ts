import { createHash, timingSafeEqual } from "node:crypto";

/** Production's cap for PBKDF2 in a Worker. */
const ITERATIONS = 100_000;
const SALT_BYTES = 16;
const HASH_BYTES = 32;
const MD5_HEX = /^[0-9a-f]{32}$/i;

export const md5Hex = (text: string): string => createHash("md5").update(text, "utf8").digest("hex");

async function derive(md5: string, salt: Uint8Array<ArrayBuffer>, iterations: number): Promise<Uint8Array> {
  const key = await crypto.subtle.importKey("raw", new TextEncoder().encode(md5), "PBKDF2", false, ["deriveBits"]);
  return new Uint8Array(await crypto.subtle.deriveBits({ name: "PBKDF2", hash: "SHA-256", salt, iterations }, key, HASH_BYTES * 8));
}

/** What is stored: PBKDF2-HMAC-SHA-256 of the password's MD5, as `pbkdf2-sha256$iterations$salt$hash` (decisions, "Auth"). */
export function hashPassword(password: string): Promise<string> {
  return hashMd5(md5Hex(password));
}

/** The same of a password that is set over the wire, where 32 hex digits are its MD5 (spec 2.1). */
export function hashWirePassword(onTheWire: string): Promise<string> {
  return MD5_HEX.test(onTheWire) ? hashMd5(onTheWire.toLowerCase()) : hashPassword(onTheWire);
}

/** The same of the MD5 itself, in lower case. */
export async function hashMd5(md5: string): Promise<string> {
  const salt = crypto.getRandomValues(new Uint8Array(SALT_BYTES));
  const hash = await derive(md5, salt, ITERATIONS);
  return ["pbkdf2-sha256", ITERATIONS, Buffer.from(salt).toString("base64"), Buffer.from(hash).toString("base64")].join("$");
}

/** Whether it was hashed with fewer iterations than are done now: the next login hashes it anew. */
export function isOutdated(stored: string): boolean {
  return Number(stored.split("$")[1]) < ITERATIONS;
}

/** Compared with when there is no such user, so that both refusals cost the same. */
const NOBODY = `pbkdf2-sha256$${ITERATIONS}$${Buffer.alloc(SALT_BYTES).toString("base64")}$${Buffer.alloc(HASH_BYTES).toString("base64")}`;

/**
 * Whether what came over the wire opens the account: 32 hex digits are tried as the MD5 and then as a password,
 * anything else is a password. Always the work of two hashes, so that time tells nothing (decisions, "Auth").
 */
export async function verifyPassword(onTheWire: string, stored: string | null): Promise<boolean> {
  return (await matchPassword(onTheWire, stored)) !== null;
}

/** The same, answered with the MD5 that matched. */
export async function matchPassword(onTheWire: string, stored: string | null): Promise<string | null> {
  const [, iterations, salt, hash] = (stored ?? NOBODY).split("$");
  const saltBytes = new Uint8Array(Buffer.from(salt ?? "", "base64"));
  const expected = Buffer.from(hash ?? "", "base64");
  const asPassword = md5Hex(onTheWire);
  const asMd5 = MD5_HEX.test(onTheWire) ? onTheWire.toLowerCase() : asPassword;
  let matching: string | null = null;
  for (const md5 of [asMd5, asPassword]) {
    const derived = await derive(md5, saltBytes, Number(iterations));
    if (derived.length === expected.length && timingSafeEqual(derived, expected)) matching ??= md5;
  }
  return stored === null ? null : matching;
}
