import { integer, primaryKey, sqliteTable, text } from "drizzle-orm/sqlite-core";

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

export const models = sqliteTable("models", {
  name: text().primaryKey(),
  types: text({ mode: "json" }).$type<string[]>().notNull(),
  enabled: integer({ mode: "boolean" }).notNull(),
  priceCredits: integer("price_credits").notNull(),
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
  parameters: text({ mode: "json" }).$type<Record<string, unknown>>().notNull(),
  cost: integer().notNull(),
  clientId: text("client_id"),
  pool: text().notNull(),
  shard: integer().notNull(),
  attemptId: text("attempt_id"),
  attemptCount: integer("attempt_count").notNull(),
  createTime: integer("create_time").notNull(),
  startTime: integer("start_time"),
  completeTime: integer("complete_time"),
  servedBy: text("served_by", { mode: "json" }).$type<{ engine: string; model: string }>(),
  notes: text({ mode: "json" }).$type<string[]>(),
  errorName: text("error_name"),
  errorMessage: text("error_message"),
});

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
  },
  (table) => [primaryKey({ columns: [table.taskId, table.position] })],
);

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
