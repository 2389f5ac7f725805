import { z } from "zod";
import { PageQuery, pageOf } from "../page.ts";
import { TaskType } from "../task.ts";
import { WireTime } from "../wire-time.ts";

/** The GPU owner's side: agents and their keys (spec 1.3, decisions "What the document names and leaves open"). */

export const AgentKeyParam = z.object({ keyId: z.coerce.number().int().min(1).max(Number.MAX_SAFE_INTEGER) });
/** `<key id>.<the agent's own id>`. */
export const AgentParam = z.object({ agentId: z.string().regex(/^\d{1,15}\.[A-Za-z0-9_-]{8,64}$/) });

export const AgentKeyName = z.string().trim().min(1).max(100);
export const NewAgentKey = z.object({ name: AgentKeyName });
export type NewAgentKey = z.infer<typeof NewAgentKey>;

export const AgentKeyQuery = PageQuery.extend({ sort: z.enum(["createTime", "lastUsedTime", "name"]).default("createTime") });
export type AgentKeyQuery = z.infer<typeof AgentKeyQuery>;

export const AgentKeyItem = z.object({
  id: z.int(),
  name: z.string(),
  trusted: z.boolean().describe("false: its agents serve their owner's tasks only"),
  createTime: WireTime,
  lastUsedTime: WireTime.nullable().describe("an agent connected with it; written at most once a minute"),
  revokeTime: WireTime.nullable(),
});
export type AgentKeyItem = z.infer<typeof AgentKeyItem>;
export const AgentKeyPage = pageOf(AgentKeyItem);

export const CreatedAgentKey = AgentKeyItem.extend({ key: z.string().describe("`sgk_…`: shown this once, stored only as a hash") });
export type CreatedAgentKey = z.infer<typeof CreatedAgentKey>;

export const AgentState = z.enum(["offline", "connected", "idle", "busy", "paused", "draining", "quarantined"]);
export type AgentState = z.infer<typeof AgentState>;

export const AgentQuery = PageQuery.extend({ sort: z.enum(["createTime", "connectTime", "name"]).default("createTime") });
export type AgentQuery = z.infer<typeof AgentQuery>;

export const AgentItem = z.object({
  id: z.string(),
  keyId: z.int(),
  name: z.string(),
  version: z.string(),
  state: AgentState,
  reason: z.string().describe("why it is in that state, in words"),
  models: z.array(
    z.object({
      name: z.string(),
      types: z.array(TaskType),
      engine: z.string(),
      servedAs: z.string().optional(),
      memoryBytes: z.int().optional().describe("of the GPU that it runs on, as it is sold; left out where the agent does not say it"),
    }),
  ),
  slots: z.int().describe("tasks that it takes at a time"),
  running: z.int().describe("tasks that it has now"),
  tasksDone: z.int().describe("attempts that ended with a result"),
  tasksFailed: z.int().describe("attempts that failed or were lost"),
  createTime: WireTime.describe("its first connection"),
  connectTime: WireTime.describe("its newest connection"),
  lastSeenTime: WireTime.describe("its newest sign of life"),
});
export type AgentItem = z.infer<typeof AgentItem>;
export const AgentPage = pageOf(AgentItem);

/** What an agent was told; the state that follows is in the list. */
export const AgentCommandAnswer = z.object({ id: z.string(), command: z.enum(["drain", "pause", "resume"]) });
export type AgentCommandAnswer = z.infer<typeof AgentCommandAnswer>;

export const Earnings = z.object({
  total: z.int().describe("credits earned, the sum of all EARN records"),
  today: z.int().describe("in the current UTC day"),
  month: z.int().describe("in the current UTC month"),
});
export type Earnings = z.infer<typeof Earnings>;
