import { z } from "zod";
import { PageQuery } from "../../page.ts";
import { TaskType } from "../../task.ts";
import { WireTime } from "../../wire-time.ts";
import { AgentState } from "../agents.ts";

/** How the whole stands: queue, fleet, ledger. */

export const QueueFigures = z.object({
  waiting: z.int(),
  running: z.int(),
  oldestWaitSeconds: z.int().nullable().describe("of the task that has waited longest; null when none waits"),
  lines: z.array(
    z.object({
      pool: z.string(),
      type: TaskType,
      model: z.string(),
      pixels: z.int().nullable().describe("most pixels of its class; null: more than any agent's limit"),
      waiting: z.int(),
      oldestWaitSeconds: z.int(),
      agents: z.int().describe("connected agents that are able to run these"),
      memoryBytes: z.int().nullable().describe("GPU memory that they need; null: nobody said it"),
      largestMemoryBytes: z.int().nullable().describe("the most that a connected agent has, where memory alone is missing; else null"),
    }),
  ),
  unrecorded: z
    .object({
      failing: z.int().describe("writes that failed and are tried again"),
      givenUp: z.int().describe("writes that failed for an hour though the database answers: their tasks are FAILED; the log has each"),
    })
    .describe("of what was decided and has to reach the database, the files and the users"),
  poolsLeftOut: z.int().describe("pools that were not asked because there are too many"),
});
export type QueueFigures = z.infer<typeof QueueFigures>;

export const FleetFigures = z.object({
  agents: z.int(),
  byState: z.record(AgentState, z.int()),
  slots: z.int().describe("of agents that are connected"),
  running: z.int().describe("tasks that agents have now"),
  models: z.array(z.object({ name: z.string(), agents: z.int() })).describe("what connected agents offer"),
  poolsLeftOut: z.int(),
});
export type FleetFigures = z.infer<typeof FleetFigures>;

/** An account that does not add up. */
export const LedgerFault = z.object({
  userId: z.int(),
  username: z.string(),
  balance: z.int(),
  recorded: z.int().describe("the sum of its fund records; should be `balance`"),
  freezed: z.int(),
  held: z.int().describe("the sum of its open holds; should be `freezed`"),
});
export type LedgerFault = z.infer<typeof LedgerFault>;

export const LedgerCheckQuery = PageQuery.pick({ page: true, pageSize: true });
export type LedgerCheckQuery = z.infer<typeof LedgerCheckQuery>;

export const LedgerCheck = z.object({
  accounts: z.int().describe("accounts that were looked at, now"),
  isSound: z.boolean(),
  faults: z.array(LedgerFault).describe("one page of them, in the order of their users"),
  totalFaults: z.int(),
  totalPages: z.int(),
  page: z.int(),
  pageSize: z.int(),
  lastCheck: z
    .object({
      startTime: WireTime,
      endTime: WireTime.nullable().describe("null while it is under way"),
      accounts: z.int(),
      faults: z.int().describe("accounts that did not add up; the log has each of them"),
      userIds: z.array(z.int()).describe("of whom, the first 1,000"),
    })
    .nullable()
    .describe("of the scheduled check of every hour; null before the first"),
});
export type LedgerCheck = z.infer<typeof LedgerCheck>;
