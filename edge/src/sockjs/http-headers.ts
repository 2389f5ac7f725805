const ONE_YEAR_SECONDS = 31_536_000;

const PRIVATE = "no-store, no-cache, no-transform, must-revalidate, max-age=0";

/** Any page may talk to a session, whatever the API allows: who it speaks for is said in its CONNECT, never by a cookie. */
export function corsHeaders(request: Pick<Request, "headers">): Record<string, string> {
  const origin = request.headers.get("Origin");
  const wanted = request.headers.get("Access-Control-Request-Headers");
  return {
    // The client sends its requests with credentials, and then "*" does not count as the page's own origin.
    ...(origin === null
      ? { "Access-Control-Allow-Origin": "*" }
      : { "Access-Control-Allow-Origin": origin, "Access-Control-Allow-Credentials": "true", Vary: "Origin" }),
    ...(wanted ? { "Access-Control-Allow-Headers": wanted } : {}),
  };
}

export function privateHeaders(request: Pick<Request, "headers">, contentType: string): Record<string, string> {
  return { "Content-Type": contentType, "Cache-Control": PRIVATE, "X-Content-Type-Options": "nosniff", ...corsHeaders(request) };
}

/**
 * For what is sent piece by piece. Whoever compresses it on the way holds it back until it ends: `no-transform` forbids that, and those
 * that do not read it, the local server among them, leave alone what names an encoding.
 */
export function streamHeaders(request: Pick<Request, "headers">, contentType: string): Record<string, string> {
  return { ...privateHeaders(request, contentType), "Content-Encoding": "identity" };
}

/** For a year, with the time when it ends for those that do not count. */
export function publicHeaders(now: number): Record<string, string> {
  return {
    "Cache-Control": `public, max-age=${ONE_YEAR_SECONDS}`,
    Expires: new Date(now + ONE_YEAR_SECONDS * 1000).toUTCString(),
  };
}

export function preflight(request: Pick<Request, "headers">, methods: string, now: number): Response {
  const headers = {
    ...publicHeaders(now),
    ...corsHeaders(request),
    "Access-Control-Allow-Methods": methods,
    "Access-Control-Max-Age": String(ONE_YEAR_SECONDS),
  };
  return new Response(null, { status: 204, headers });
}

export function textAnswer(request: Pick<Request, "headers">, status: number, text: string | null): Response {
  return new Response(text, { status, headers: privateHeaders(request, "text/plain; charset=UTF-8") });
}

/** Without a body, and so without a content type. */
export function wrongMethod(allowed: string): Response {
  return new Response(null, { status: 405, headers: { Allow: allowed } });
}
