import { Hono } from "hono";
import type { AppEnv } from "../env.ts";
import { ok } from "../http/envelope.ts";
import { requireUser } from "../http/require-user.ts";

/** Spec chapter 4. */
export const users = new Hono<AppEnv>().use(requireUser).get("/balance", async (c) => {
  return ok(c, await c.var.deps.readBalance(c.var.user.id, Date.now()));
});
