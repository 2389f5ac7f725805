import { corsHeaders, publicHeaders } from "./http-headers.ts";

/** What never changes under its address; asked for again, it is only confirmed. */
export function staticAnswer(request: Pick<Request, "headers">, etag: string, contentType: string, body: string, now: number): Response {
  const headers = { ETag: etag, "X-Content-Type-Options": "nosniff", ...publicHeaders(now), ...corsHeaders(request) };
  const known = (request.headers.get("If-None-Match") ?? "").split(",").map((one) => one.trim().replace(/^W\//, ""));
  if (known.includes(etag)) return new Response(null, { status: 304, headers });
  return new Response(body, { headers: { ...headers, "Content-Type": contentType } });
}
