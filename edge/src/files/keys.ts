/**
 * Where an attempt's files lie in R2: a folder that nobody can guess and no other attempt shares, derived from the
 * attempt's id so that nothing has to remember it (docs/storage.md).
 */
export async function resultFolder(secret: string, attemptId: string): Promise<string> {
  const bytes = new TextEncoder();
  const key = await crypto.subtle.importKey("raw", bytes.encode(secret), { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  const mac = await crypto.subtle.sign("HMAC", key, bytes.encode(`result-folder:${attemptId}`));
  return `results/${Buffer.from(mac).subarray(0, 16).toString("hex")}/`;
}

export const fileName = (index: number, extension: string): string => `${index}.${extension}`;
export const thumbnailName = (index: number, extension: string): string => `${index}_thumb.${extension}`;
