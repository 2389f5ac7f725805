import { FleetFigures, LedgerCheck, LedgerCheckQuery, QueueFigures } from "@star-graph/shared/rest/admin/figures";
import { AuditPage, AuditQuery } from "@star-graph/shared/rest/audit";
import { Hono } from "hono";
import { listAudit } from "../audit/list-audit.ts";
import { checkLedger } from "../billing/check-ledger.ts";
import type { AppEnv } from "../env.ts";
import { ok } from "../http/envelope.ts";
import { requireAdmin } from "../http/require-user.ts";
import { operation } from "../http/route-facts.ts";
import { validate } from "../http/validate.ts";
import { adminAgentKeys, adminAgents } from "./agent-routes.ts";
import { adminModels, adminWords } from "./content-routes.ts";
import { readFleet, readQueue } from "./figures.ts";
import { adminTasks } from "./task-routes.ts";
import { adminUsers } from "./user-routes.ts";

const tag = "Admin: figures and audit 统计与审计";
const QUEUE = operation({ tag, summary: "What waits and runs / 队列统计", answer: QueueFigures });
const FLEET = operation({ tag, summary: "Agents by state / 算力统计", answer: FleetFigures });
const LEDGER = operation({ tag, summary: "Whether every account adds up / 账目核对", answer: LedgerCheck });
const AUDIT = operation({ tag, summary: "What administrators did / 审计日志", answer: AuditPage });

/** `/api/v1/admin/*` (spec 1.3): every write of these routes leaves a line in the audit log. */
export const admin = new Hono<AppEnv>()
  .use(requireAdmin)
  .route("/users", adminUsers)
  .route("/tasks", adminTasks)
  .route("/models", adminModels)
  .route("/words", adminWords)
  .route("/agents", adminAgents)
  .route("/agent-keys", adminAgentKeys)
  .get("/queue", QUEUE, async (c) => ok(c, await readQueue(c.var.deps, Date.now())))
  .get("/fleet", FLEET, async (c) => ok(c, await readFleet(c.var.deps)))
  .get("/ledger/check", LEDGER, validate("query", LedgerCheckQuery), async (c) => {
    return ok(c, await checkLedger(c.var.deps, c.req.valid("query")));
  })
  .get("/audit", AUDIT, validate("query", AuditQuery), async (c) => ok(c, await listAudit(c.var.deps, c.req.valid("query"))));
