import sockJsClient from "sockjs-client/dist/sockjs.min.js";
import { corsHeaders, preflight, privateHeaders, textAnswer, wrongMethod } from "./http-headers.ts";
import { IFRAME_PAGE } from "./iframe-page.ts";
import { CLIENT_FILE, readSockJsUrl, type SockJsPath } from "./session-path.ts";
import { staticAnswer } from "./static-answer.ts";
import { readCallback, TRANSPORTS } from "./transports.ts";

/** Names what is served for a year; another version of it is another name. */
const ETAGS = { iframe: '"sockjs-iframe-1"', client: `"${CLIENT_FILE}"` } as const;

type Sessions = Cloudflare.Env["SOCK_SESSION"];

/**
 * Everything under the base URL. What belongs to a session goes to its object as it came, and comes back untouched: copies lose
 * the socket. Each WebSocket is a session of its own, whatever its URL says; the rest is found by the session's id alone.
 */
export async function answerSockJs(request: Request, sessions: Sessions): Promise<Response> {
  const path = readSockJsUrl(request.url);
  if (!path) return new Response(null, { status: 404, headers: corsHeaders(request) });
  const allowed = methodsOf(path);
  if (request.method === "OPTIONS" && path.type !== "websocket" && path.type !== "raw-websocket") {
    return preflight(request, `OPTIONS, ${allowed[0]}`, Date.now());
  }
  if (!allowed.includes(request.method)) return wrongMethod(allowed.join(", "));
  const isUpgrade = request.headers.get("Upgrade")?.toLowerCase() === "websocket";
  switch (path.type) {
    case "greeting":
      return isUpgrade ? openSocket(request, sessions) : greeting(request);
    case "raw-websocket":
    case "websocket":
      return isUpgrade ? openSocket(request, sessions) : textAnswer(request, 400, 'Can "Upgrade" only to "WebSocket".');
    case "iframe":
      return staticAnswer(request, ETAGS.iframe, "text/html; charset=UTF-8", IFRAME_PAGE, Date.now());
    case "client":
      return staticAnswer(request, ETAGS.client, "application/javascript; charset=UTF-8", sockJsClient, Date.now());
    case "info":
      // By the way that the socket will take: the client gives it only so much longer than this answer took.
      return sessions.get(sessions.newUniqueId()).fetch(request);
    case "receive": {
      const callback = readCallback(new URL(request.url).searchParams);
      if (TRANSPORTS[path.transport].needsCallback && "problem" in callback) return textAnswer(request, 500, callback.problem);
      return sessions.get(sessions.idFromName(path.sessionId)).fetch(request);
    }
    case "send":
      return sessions.get(sessions.idFromName(path.sessionId)).fetch(request);
  }
}

function methodsOf(path: SockJsPath): readonly string[] {
  if (path.type === "receive") return [TRANSPORTS[path.transport].method];
  if (path.type === "send") return ["POST"];
  return path.type === "websocket" || path.type === "raw-websocket" ? ["GET"] : ["GET", "HEAD"];
}

function openSocket(request: Request, sessions: Sessions): Promise<Response> {
  return sessions.get(sessions.newUniqueId()).fetch(request);
}

function greeting(request: Request): Response {
  return new Response("Welcome to SockJS!\n", { headers: privateHeaders(request, "text/plain; charset=UTF-8") });
}
