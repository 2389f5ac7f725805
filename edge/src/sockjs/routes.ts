import { AppError } from "@star-graph/shared/errors";
import { Hono } from "hono";
import type { AppEnv } from "../env.ts";
import { operation } from "../http/route-facts.ts";
import { openRawSocket } from "./open-socket.ts";

const SOCKET = operation({ tag: "WebSocket", summary: "STOMP on a WebSocket / 实时消息", upgrades: true, errors: ["BAD_REQUEST"] });

/** Spec 8.1: STOMP on a plain WebSocket. Nothing is asked of the upgrade: the token comes in the CONNECT frame. */
export const realtime = new Hono<AppEnv>().get("/", SOCKET, (c) => {
  if (c.req.header("Upgrade")?.toLowerCase() !== "websocket") {
    throw new AppError("BAD_REQUEST", { text: { zh: "此地址只接受 WebSocket", en: "This address takes WebSockets only" } });
  }
  return openRawSocket(c.req.raw, c.env);
});
