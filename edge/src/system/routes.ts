import { Hono } from "hono";
import { PUBLIC_POOL } from "../dispatch/pools.ts";
import type { AppEnv } from "../env.ts";
import { ok } from "../http/envelope.ts";

/** For whoever runs it: is it up, and can it do anything? */
export const system = new Hono<AppEnv>().get("/health", async (c) => {
  return ok(c, { status: "ok", agents: await c.var.deps.connectedAgents(PUBLIC_POOL) });
});
