/** `no-transform`: an edge that compresses the stream would hold its events back. */
const HEADERS = {
  "Content-Type": "text/event-stream; charset=utf-8",
  "Cache-Control": "no-cache, no-store, no-transform",
  "X-Accel-Buffering": "no",
};

export function streamResponse(body: BodyInit): Response {
  return new Response(body, { headers: HEADERS });
}

/** Tells a browser's EventSource that there is no more to come, also when it comes again. */
export const nothingMore = (): Response => new Response(null, { status: 204 });
