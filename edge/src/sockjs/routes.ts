import { type Context, Hono } from "hono";
import type { AppEnv } from "../env.ts";
import { describeFault } from "../http/faults.ts";
import { log } from "../http/log.ts";
import { operation } from "../http/route-facts.ts";
import { answerSockJs } from "./answer-request.ts";
import { textAnswer } from "./http-headers.ts";

const SOCKET = operation({ tag: "WebSocket", summary: "STOMP on a WebSocket, or through SockJS / 实时消息", upgrades: true });

/**
 * Spec 8.1: SockJS, and STOMP on a plain WebSocket. Nothing is asked of a connection: the token comes in the CONNECT frame.
 * To be mounted before all middleware, whose headers the protocol does not want.
 */
export const realtime = new Hono<AppEnv>().get("/", SOCKET, answer).all("/*", answer);

async function answer({ req, env }: Context<AppEnv>): Promise<Response> {
  try {
    return await answerSockJs(req.raw, env.SOCK_SESSION);
  } catch (error) {
    // The object was moved or restarted under the request, or had to refuse it: the client tries again.
    log("error", "session not reached", { method: req.method, path: req.path, error: describeFault(error) });
    return textAnswer(req.raw, 503, null);
  }
}
