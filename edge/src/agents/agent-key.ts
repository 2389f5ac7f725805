/** Agent keys look like this, so that a leaked one is recognised wherever it turns up. */
const PREFIX = "sgk_";
const KEY_BYTES = 32;

/** A fresh key: shown once, stored only as its hash. */
export function newAgentKey(): string {
  return PREFIX + Buffer.from(crypto.getRandomValues(new Uint8Array(KEY_BYTES))).toString("base64url");
}

/** SHA-256 in hex. The key is random, so that a slow hash would protect nothing. */
export async function hashAgentKey(key: string): Promise<string> {
  return Buffer.from(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(key))).toString("hex");
}
