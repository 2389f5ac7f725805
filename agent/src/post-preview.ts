import type { HttpRequest } from "./network.ts";

/** A preview that takes longer is older than the next one. */
const POST_MS = 5_000;

/**
 * Sends one preview, once: the next one is newer.
 * @throws when the edge does not take it.
 */
export async function postPreview(
  url: URL,
  grant: string,
  picture: Uint8Array,
  { contentType, request, signal }: { contentType: string; request: HttpRequest; signal: AbortSignal },
): Promise<void> {
  const { statusCode, body } = await request(url, {
    method: "POST",
    headers: { authorization: `Bearer ${grant}`, "content-type": contentType },
    body: picture,
    signal: AbortSignal.any([signal, AbortSignal.timeout(POST_MS)]),
  });
  await body.dump();
  if (statusCode >= 300) throw new Error(`the edge answered ${statusCode}`);
}
