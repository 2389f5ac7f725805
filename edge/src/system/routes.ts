import { OLDEST_PROTOCOL_VERSION, PROTOCOL_VERSION } from "@star-graph/shared/agent-protocol";
import { Hono } from "hono";
import { z } from "zod";
import { PUBLIC_POOL } from "../dispatch/shards/pools.ts";
import type { AppEnv } from "../env.ts";
import { ok } from "../http/envelope.ts";
import { operation } from "../http/route-facts.ts";

const Health = z.object({
  status: z.literal("ok"),
  agents: z.int().describe("connected to the public pool"),
  agentProtocol: z.object({ oldest: z.int(), newest: z.int() }).describe("versions of the agent protocol that it takes"),
});
const HEALTH = operation({ tag: "System 系统", summary: "Is it up, and can it do anything? / 健康检查", answer: Health });

/** For whoever runs it: is it up, and can it do anything? */
export const system = new Hono<AppEnv>().get("/health", HEALTH, async (c) => {
  const agentProtocol = { oldest: OLDEST_PROTOCOL_VERSION, newest: PROTOCOL_VERSION };
  return ok(c, { status: "ok", agents: await c.var.deps.connectedAgents(PUBLIC_POOL), agentProtocol });
});
