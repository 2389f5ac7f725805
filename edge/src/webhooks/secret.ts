/** A rotated secret still signs beside the new one as long as this, so that no receiver refuses a call meanwhile. */
export const OVERLAP_MS = 24 * 3_600_000;

/** Which of a user's secrets is the current one. */
export interface SecretVersion {
  version: number;
  /** When it became the current one; 0 for the first. */
  rotateTime: number;
}

/**
 * The secret that signs a user's callbacks, as Standard Webhooks writes it. It is derived, not stored: nobody who reads the
 * database can sign in our name.
 */
export async function webhookSecret(tokenSecret: string, userId: number, version: number): Promise<string> {
  return `whsec_${toBase64(await hmac(new TextEncoder().encode(tokenSecret), `webhook-secret:${userId}:${version}`))}`;
}

/** Versions that sign now, the current one first. */
export function signingVersions({ version, rotateTime }: SecretVersion, now: number): number[] {
  return version > 0 && now - rotateTime < OVERLAP_MS ? [version, version - 1] : [version];
}

export async function hmac(key: BufferSource, text: string): Promise<Uint8Array> {
  const imported = await crypto.subtle.importKey("raw", key, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  return new Uint8Array(await crypto.subtle.sign("HMAC", imported, new TextEncoder().encode(text)));
}

export const toBase64 = (bytes: Uint8Array): string => btoa(String.fromCharCode(...bytes));
