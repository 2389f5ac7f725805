import { toJson } from "./frames.ts";
import { privateHeaders } from "./http-headers.ts";

/** What a client is told before it opens a session (SockJS 0.3.3, "Info test"). Sessions are found by name, so no cookie is needed. */
export function serverInfo(request: Pick<Request, "headers">, entropy: number): Response {
  const info = { websocket: true, cookie_needed: false, origins: ["*:*"], entropy };
  return new Response(toJson(info), { headers: privateHeaders(request, "application/json; charset=UTF-8") });
}
