import { type Context, Hono } from "hono";
import { parseConfig } from "../config.ts";
import type { AppEnv } from "../env.ts";
import { describeFault } from "../http/faults.ts";
import { log } from "../http/log.ts";
import { clientAddress } from "../http/client-address.ts";
import { operation } from "../http/route-facts.ts";
import { answerSockJs } from "./answer-request.ts";
import { textAnswer } from "./http-headers.ts";
import { readSockJsUrl, type SockJsPath } from "./session-path.ts";

const SOCKET = operation({ tag: "WebSocket", summary: "STOMP on a WebSocket, or through SockJS / 实时消息", upgrades: true });

/**
 * Spec 8.1: SockJS, and STOMP on a plain WebSocket. Nothing is asked of a connection: the token comes in the CONNECT frame.
 * To be mounted before all middleware, whose headers the protocol does not want.
 */
export const realtime = new Hono<AppEnv>().get("/", SOCKET, answer).all("/*", answer);

async function answer({ req, env }: Context<AppEnv>): Promise<Response> {
  try {
    if (isCounted(req.raw) && !(await mayGoOn(req.raw, env))) return tooMany(req.raw);
    return await answerSockJs(req.raw, env.SOCK_SESSION);
  } catch (error) {
    // The object was moved or restarted under the request, or had to refuse it: the client tries again.
    log("error", "session not reached", { method: req.method, path: req.path, error: describeFault(error) });
    return textAnswer(req.raw, 503, null);
  }
}

/** What opens a session or holds a response; what is sent is counted by the session, and by its user's limits. */
const COUNTED: ReadonlySet<SockJsPath["type"]> = new Set(["info", "raw-websocket", "websocket", "receive"]);

function isCounted(request: Request): boolean {
  const path = readSockJsUrl(request.url);
  return path !== null && (COUNTED.has(path.type) || request.headers.has("Upgrade"));
}

/** In the same bucket as the requests to the API. */
async function mayGoOn({ headers }: Request, env: Cloudflare.Env): Promise<boolean> {
  const address = clientAddress(parseConfig(env).isConnectingIpTrusted ? (headers.get("CF-Connecting-IP") ?? undefined) : undefined);
  return (await env.ADDRESS_LIMIT.limit({ key: address })).success;
}

/** The API's refusal, in the protocol's headers: a page must be able to read it. */
function tooMany(request: Request): Response {
  return textAnswer(request, 429, "Too many requests.");
}
