/** API keys look like this, so that a leaked one is recognised wherever it turns up, and told from a JWT at a glance. */
const PREFIX = "sg_";
const KEY_BYTES = 32;
const SHOWN_CHARACTERS = 8;

export const isApiKey = (token: string): boolean => token.startsWith(PREFIX);

/** A fresh key: shown once, stored only as its hash. */
export function newApiKey(randomBytes: (length: number) => Uint8Array): string {
  return PREFIX + Buffer.from(randomBytes(KEY_BYTES)).toString("base64url");
}

/** The first letters, by which its owner tells it from others. */
export const prefixOf = (key: string): string => key.slice(0, SHOWN_CHARACTERS);

/** SHA-256 in hex. The key is random, so that a slow hash would protect nothing. */
export async function hashApiKey(key: string): Promise<string> {
  return Buffer.from(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(key))).toString("hex");
}
