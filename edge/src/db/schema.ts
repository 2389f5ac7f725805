import type { AgentModel } from "@star-graph/shared/agent-protocol";
import type { AuditAction } from "@star-graph/shared/rest/audit";
import type { ModelLimits } from "@star-graph/shared/model-limits";
import { customType, integer, primaryKey, sqliteTable, text } from "drizzle-orm/sqlite-core";

/** The tables of `migrations/` as TypeScript reads them. Constraints and triggers live in the SQL alone. */

export const users = sqliteTable("users", {
  id: integer().primaryKey({ autoIncrement: true }),
  username: text().notNull(),
  password: text().notNull(),
  nickname: text().notNull(),
  email: text(),
  phone: text(),
  avatar: text(),
  role: text({ enum: ["USER", "ADMIN"] }).notNull(),
  disabled: integer({ mode: "boolean" }).notNull(),
  vipLevel: integer("vip_level").notNull(),
  vipExpireTime: integer("vip_expire_time"),
  createTime: integer("create_time").notNull(),
  updateTime: integer("update_time").notNull(),
});

export const sessions = sqliteTable("sessions", {
  id: text().primaryKey(),
  userId: integer("user_id").notNull(),
  createTime: integer("create_time").notNull(),
  expireTime: integer("expire_time").notNull(),
  revokeTime: integer("revoke_time"),
  address: text(),
  userAgent: text("user_agent"),
});

export const apiKeys = sqliteTable("api_keys", {
  id: integer().primaryKey({ autoIncrement: true }),
  userId: integer("user_id").notNull(),
  name: text().notNull(),
  prefix: text().notNull(),
  hash: text().notNull(),
  scopes: text({ mode: "json" }).$type<("read" | "generate" | "admin")[]>().notNull(),
  createTime: integer("create_time").notNull(),
  lastUsedTime: integer("last_used_time"),
  revokeTime: integer("revoke_time"),
});

export const throttles = sqliteTable("throttles", {
  key: text().primaryKey(),
  fullAt: integer("full_at").notNull(),
});

export const agentKeys = sqliteTable("agent_keys", {
  id: integer().primaryKey({ autoIncrement: true }),
  userId: integer("user_id").notNull(),
  name: text().notNull(),
  hash: text().notNull(),
  trusted: integer({ mode: "boolean" }).notNull(),
  createTime: integer("create_time").notNull(),
  lastUsedTime: integer("last_used_time"),
  revokeTime: integer("revoke_time"),
});

export const agents = sqliteTable("agents", {
  id: text().primaryKey(),
  keyId: integer("key_id").notNull(),
  userId: integer("user_id").notNull(),
  pool: text().notNull(),
  name: text().notNull(),
  version: text().notNull(),
  slots: integer().notNull(),
  models: text({ mode: "json" }).$type<AgentModel[]>().notNull(),
  createTime: integer("create_time").notNull(),
  connectTime: integer("connect_time").notNull(),
});

export const agentTotals = sqliteTable("agent_totals", {
  agentId: text("agent_id").primaryKey(),
  completed: integer().notNull(),
  failed: integer().notNull(),
});

export const models = sqliteTable("models", {
  name: text().primaryKey(),
  types: text({ mode: "json" }).$type<string[]>().notNull(),
  enabled: integer({ mode: "boolean" }).notNull(),
  priceCredits: integer("price_credits").notNull(),
  limits: text({ mode: "json" }).$type<ModelLimits>().notNull().default({}),
  memoryBytes: integer("memory_bytes"),
  createTime: integer("create_time").notNull(),
});

const jsonOrNull = customType<{ data: Record<string, unknown> | null; driverData: string }>({
  dataType: () => "text",
  toDriver: (value) => JSON.stringify(value),
  fromDriver(stored) {
    try {
      const value: unknown = JSON.parse(stored);
      return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : null;
    } catch {
      return null;
    }
  },
});

const TASK_TYPES = ["TEXT2IMG", "IMG2IMG", "UPSCALE", "POSE", "TEXT2VIDEO", "IMG2VIDEO"] as const;
const TASK_STATUSES = ["PENDING", "PROCESSING", "COMPLETED", "FAILED", "CANCELLED"] as const;

export const tasks = sqliteTable("tasks", {
  id: text().primaryKey(),
  userId: integer("user_id").notNull(),
  type: text({ enum: TASK_TYPES }).notNull(),
  status: text({ enum: TASK_STATUSES }).notNull(),
  model: text().notNull(),
  prompt: text().notNull(),
  /** Null where what is stored is no JSON: one broken row must not break the reading of others. */
  parameters: jsonOrNull().notNull(),
  cost: integer().notNull(),
  clientId: text("client_id"),
  pool: text().notNull(),
  shard: integer().notNull(),
  attemptId: text("attempt_id"),
  attemptCount: integer("attempt_count").notNull(),
  failureCount: integer("failure_count").notNull().default(0),
  createTime: integer("create_time").notNull(),
  startTime: integer("start_time"),
  completeTime: integer("complete_time"),
  servedBy: text("served_by", { mode: "json" }).$type<{ engine: string; model: string }>(),
  notes: text({ mode: "json" }).$type<string[]>(),
  errorName: text("error_name"),
  errorMessage: text("error_message"),
  startBy: integer("start_by"),
  finishBy: integer("finish_by"),
  callbackUrl: text("callback_url"),
  inputId: text("input_id"),
  retryOf: text("retry_of"),
});

/** Pictures that tasks work on. */
export const inputs = sqliteTable("inputs", {
  id: text().primaryKey(),
  userId: integer("user_id").notNull(),
  fileKey: text("file_key").notNull(),
  uploaded: integer({ mode: "boolean" }).notNull(),
  sha256: text().notNull(),
  sizeBytes: integer("size_bytes").notNull(),
  width: integer().notNull(),
  height: integer().notNull(),
  format: text({ enum: ["PNG", "JPEG"] }).notNull(),
  createTime: integer("create_time").notNull(),
  expireTime: integer("expire_time").notNull(),
  deleteTime: integer("delete_time"),
});

export const inputTotals = sqliteTable(
  "input_totals",
  {
    userId: integer("user_id").notNull(),
    uploaded: integer({ mode: "boolean" }).notNull(),
    files: integer().notNull(),
  },
  (table) => [primaryKey({ columns: [table.userId, table.uploaded] })],
);

export const attempts = sqliteTable("attempts", {
  id: text().primaryKey(),
  taskId: text("task_id").notNull(),
  number: integer().notNull(),
  agentId: text("agent_id").notNull(),
  agentName: text("agent_name").notNull(),
  startTime: integer("start_time").notNull(),
  endTime: integer("end_time"),
  outcome: text({ enum: ["COMPLETED", "FAILED", "LOST", "CANCELLED"] }),
  reason: text(),
  stopMs: integer("stop_ms"),
});

export const results = sqliteTable(
  "results",
  {
    taskId: text("task_id").notNull(),
    position: integer().notNull(),
    fileKey: text("file_key").notNull(),
    thumbnailKey: text("thumbnail_key").notNull(),
    sizeBytes: integer("size_bytes").notNull(),
    width: integer().notNull(),
    height: integer().notNull(),
    format: text({ enum: ["PNG", "JPEG", "WEBP", "MP4"] }).notNull(),
    expireTime: integer("expire_time").notNull(),
  },
  (table) => [primaryKey({ columns: [table.taskId, table.position] })],
);

export const resultTotals = sqliteTable("result_totals", {
  userId: integer("user_id").primaryKey(),
  files: integer().notNull(),
  bytes: integer().notNull(),
});

export const taskCounts = sqliteTable(
  "task_counts",
  {
    userId: integer("user_id").notNull(),
    type: text({ enum: TASK_TYPES }).notNull(),
    status: text({ enum: TASK_STATUSES }).notNull(),
    tasks: integer().notNull(),
  },
  (table) => [primaryKey({ columns: [table.userId, table.type, table.status] })],
);

export const accounts = sqliteTable("accounts", {
  userId: integer("user_id").primaryKey(),
  balance: integer().notNull(),
  frozen: integer().notNull(),
});

export const fundRecords = sqliteTable("fund_records", {
  id: integer().primaryKey({ autoIncrement: true }),
  userId: integer("user_id").notNull(),
  type: text({ enum: ["RECHARGE", "DEDUCT", "REFUND", "ADJUST", "EARN"] }).notNull(),
  amount: integer().notNull(),
  balance: integer().notNull(),
  reason: text().notNull(),
  taskId: text("task_id"),
  createTime: integer("create_time").notNull(),
});

export const dailyDeducts = sqliteTable(
  "daily_deducts",
  {
    userId: integer("user_id").notNull(),
    /** Days since 1970-01-01, UTC. */
    day: integer().notNull(),
    deducted: integer().notNull(),
  },
  (table) => [primaryKey({ columns: [table.userId, table.day] })],
);

export const holdRecords = sqliteTable("hold_records", {
  id: integer().primaryKey({ autoIncrement: true }),
  userId: integer("user_id").notNull(),
  type: text({ enum: ["FREEZE", "UNFREEZE"] }).notNull(),
  frozen: integer().notNull(),
  balance: integer().notNull(),
  reason: text().notNull(),
  taskId: text("task_id").notNull(),
  createTime: integer("create_time").notNull(),
});

export const recordCounts = sqliteTable(
  "record_counts",
  {
    userId: integer("user_id").notNull(),
    type: text({ enum: ["RECHARGE", "DEDUCT", "REFUND", "ADJUST", "EARN", "FREEZE", "UNFREEZE"] }).notNull(),
    records: integer().notNull(),
  },
  (table) => [primaryKey({ columns: [table.userId, table.type] })],
);

/** What owners of agents earned, by UTC day since 1970; kept by a trigger. */
export const earningDays = sqliteTable(
  "earning_days",
  { userId: integer("user_id").notNull(), day: integer().notNull(), credits: integer().notNull() },
  (table) => [primaryKey({ columns: [table.userId, table.day] })],
);

export const holds = sqliteTable("holds", {
  taskId: text("task_id").primaryKey(),
  userId: integer("user_id").notNull(),
  amount: integer().notNull(),
  createTime: integer("create_time").notNull(),
});

export const settlements = sqliteTable("settlements", {
  taskId: text("task_id").primaryKey(),
  kind: text({ enum: ["CAPTURED", "RELEASED"] }).notNull(),
  attemptId: text("attempt_id"),
  reason: text().notNull(),
  createTime: integer("create_time").notNull(),
});

/** The scheduled check of all accounts: one row. */
export const ledgerCheck = sqliteTable("ledger_check", {
  id: integer().primaryKey(),
  startTime: integer("start_time").notNull(),
  endTime: integer("end_time"),
  checkedTo: integer("checked_to").notNull(),
  accounts: integer().notNull(),
  faults: integer().notNull(),
  userIds: text("user_ids", { mode: "json" }).$type<number[]>().notNull(),
});

export const idempotencyKeys = sqliteTable(
  "idempotency_keys",
  {
    userId: integer("user_id").notNull(),
    key: text().notNull(),
    item: integer().notNull(),
    bodyHash: text("body_hash").notNull(),
    answer: text({ mode: "json" }).$type<unknown>().notNull(),
    createTime: integer("create_time").notNull(),
  },
  (table) => [primaryKey({ columns: [table.userId, table.key, table.item] })],
);

export const webhookKeys = sqliteTable("webhook_keys", {
  userId: integer("user_id").primaryKey(),
  version: integer().notNull(),
  rotateTime: integer("rotate_time").notNull(),
});

export const webhookDeliveries = sqliteTable(
  "webhook_deliveries",
  {
    taskId: text("task_id").notNull(),
    attempt: integer().notNull(),
    url: text().notNull(),
    startTime: integer("start_time").notNull(),
    durationMs: integer("duration_ms").notNull(),
    httpStatus: integer("http_status"),
    error: text(),
    nextTime: integer("next_time"),
  },
  (table) => [primaryKey({ columns: [table.taskId, table.attempt] })],
);

export const blockedWords = sqliteTable("blocked_words", { word: text().primaryKey(), createTime: integer("create_time").notNull() });

export const auditLog = sqliteTable("audit_log", {
  id: integer().primaryKey({ autoIncrement: true }),
  adminId: integer("admin_id").notNull(),
  action: text().$type<AuditAction>().notNull(),
  target: text().notNull(),
  before: text({ mode: "json" }).$type<Record<string, unknown>>(),
  after: text({ mode: "json" }).$type<Record<string, unknown>>(),
  requestId: text("request_id").notNull(),
  createTime: integer("create_time").notNull(),
});
