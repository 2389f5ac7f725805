import type { Context } from "hono";
import type { Actor } from "../audit/audit-entry.ts";
import type { AppEnv } from "../env.ts";

/** Who writes in this request, for the audit log. */
export const actorOf = (c: Context<AppEnv>): Actor => ({ adminId: c.var.user.id, requestId: c.var.requestId, now: Date.now() });
