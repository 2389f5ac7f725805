import type { EndMessage } from "@star-graph/shared/push";
import type { Phase, TaskStatus } from "@star-graph/shared/task";
import { describe, expect, test } from "vitest";
import type { Audited } from "../audit/audit-entry.ts";
import type { SettleOutcome, TaskEnd } from "../billing/ledger.ts";
import type { LiveTask } from "../dispatch/queue/types.ts";
import type { Shard } from "../dispatch/shards/pools.ts";
import { cancelTask } from "./cancel-task.ts";
import { aTaskRow } from "./testing/builders.ts";

const CALLBACK = "https://example.com/hook";

interface Given {
  outcome?: SettleOutcome;
  isReached?: boolean;
  /** D1 does not answer the cancel, and afterwards has this status. */
  lostAt?: TaskStatus;
  /** What the Dispatcher says of it; absent when it does not answer. */
  live?: LiveTask | "away";
  chargePercent?: number;
}

const ATTEMPT = "attempt-1";

function surroundings({ outcome = "settled", isReached = true, lostAt, live = {}, chargePercent = 0 }: Given = {}) {
  const settled: (readonly [string | null, TaskEnd])[] = [];
  let status: TaskStatus = "PROCESSING";
  const stopped: string[] = [];
  const told: [number, EndMessage, string | null][] = [];
  const deps = {
    fileUrl: (key: string) => key,
    findTask: async (taskId: string, userId: number) =>
      taskId === "task-1" && userId === 1001
        ? aTaskRow({
            id: "task-1",
            status,
            attemptId: ATTEMPT,
            cost: 12,
            pool: "owner-1001",
            shard: 1,
            clientId: "tab-1",
            callbackUrl: CALLBACK,
          })
        : null,
    cancelChargePercent: chargePercent,
    async liveTasks() {
      if (live === "away") throw new Error("no answer");
      return new Map([["task-1", live]]);
    },
    async readHistory() {
      const charge = settled[0]?.[1].status === "CANCELLED" ? settled[0][1].charge : undefined;
      const line = charge ? { amount: -charge, reason: "", createTime: 0 } : null;
      return { attempts: [], hold: null, settlement: null, charge: line, refund: null, retriedBy: [] };
    },
    async settleTask(_taskId: string, attemptId: string | null, end: TaskEnd) {
      settled.push([attemptId, end]);
      if (!lostAt) return outcome;
      status = lostAt;
      throw new Error("connection lost");
    },
    async stop({ pool, shard }: Shard, taskId: string) {
      stopped.push(`${taskId}@${pool}#${shard}`);
      return isReached;
    },
    announceEnd: async (...end: [number, EndMessage, string | null]) => void told.push(end),
  };
  return { stopped, told, settled, cancel: (taskId: string, userId: number, by?: Audited) => cancelTask(deps, taskId, userId, 5, by) };
}

test("a cancel answers with what is released, and has the task's own shard stop it and tell its user", async () => {
  const { cancel, stopped, told } = surroundings();
  expect(await cancel("task-1", 1001)).toEqual({ taskId: "task-1", refund: 12 });
  expect([stopped, told]).toEqual([["task-1@owner-1001#1"], []]);
});

test("a cancel that the task's pool cannot be told of is told to the user all the same", async () => {
  const { cancel, told } = surroundings({ isReached: false });
  expect(await cancel("task-1", 1001)).toEqual({ taskId: "task-1", refund: 12 });
  expect(told).toEqual([[1001, { type: "result", taskId: "task-1", clientId: "tab-1", status: "CANCELLED", results: [] }, CALLBACK]]);
});

test("a cancel of somebody else's task, or of none, is not found", async () => {
  const { cancel } = surroundings();
  await expect(cancel("task-1", 1002)).rejects.toMatchObject({ errorName: "NOT_FOUND" });
  await expect(cancel("task-2", 1001)).rejects.toMatchObject({ errorName: "NOT_FOUND" });
});

test("a cancel of a task that has ended otherwise is a bad request and stops nothing", async () => {
  const { cancel, stopped } = surroundings({ outcome: "refused" });
  await expect(cancel("task-1", 1001)).rejects.toMatchObject({ errorName: "BAD_REQUEST" });
  expect(stopped).toEqual([]);
});

test("a cancel of a cancelled task is a bad request, and stops what the first one may not have stopped", async () => {
  const { cancel, stopped } = surroundings({ outcome: "already" });
  await expect(cancel("task-1", 1001)).rejects.toMatchObject({ errorName: "BAD_REQUEST" });
  expect(stopped).toEqual(["task-1@owner-1001#1"]);
});

test("a cancel that came through though its answer was lost is carried out and answered", async () => {
  const { cancel, stopped } = surroundings({ lostAt: "CANCELLED" });
  expect(await cancel("task-1", 1001)).toEqual({ taskId: "task-1", refund: 12 });
  expect(stopped).toEqual(["task-1@owner-1001#1"]);
});

test("a cancel that did not come through stops nothing", async () => {
  const { cancel, stopped } = surroundings({ lostAt: "PROCESSING" });
  await expect(cancel("task-1", 1001)).rejects.toThrow("connection lost");
  expect(stopped).toEqual([]);
});

describe("where a cancel after the first step costs half of the price", () => {
  const at = (phase: Phase, step: number, attemptId = ATTEMPT): LiveTask => ({ attemptId, progress: { phase, step, totalSteps: 30 } });
  const begun = at("sampling", 1);
  const cancelOf = async (given: Given, by?: Audited) => {
    const { cancel, settled } = surroundings({ chargePercent: 50, ...given });
    return { answer: await cancel("task-1", 1001, by), settled };
  };

  test("one before it costs nothing", async () => {
    for (const live of [{}, at("queued", 0), at("loading", 0), at("sampling", 0)]) {
      const { answer, settled } = await cancelOf({ live });
      expect([answer.refund, settled]).toEqual([12, [[null, { status: "CANCELLED" }]]]);
    }
  });

  test("one after it charges in the same batch, of the attempt that made the step, and says what is left", async () => {
    for (const live of [begun, at("encoding", 0), at("uploading", 0)]) {
      const { answer, settled } = await cancelOf({ live });
      expect([answer.refund, settled]).toEqual([6, [[ATTEMPT, { status: "CANCELLED", charge: 6 }]]]);
    }
    expect((await cancelOf({ live: begun, chargePercent: 7 })).answer.refund).toBe(12);
  });

  test("one that nobody can say it of costs nothing, nor does one by an administrator", async () => {
    const operator = { adminId: 1, now: 5, action: "task.cancel", target: "task:task-1", before: null, after: null, ip: null } as const;
    expect((await cancelOf({ live: "away" })).answer.refund).toBe(12);
    expect((await cancelOf({ live: at("sampling", 9, "attempt-0") })).answer.refund).toBe(12);
    expect((await cancelOf({ live: begun }, operator as unknown as Audited)).answer.refund).toBe(12);
  });

  test("one whose answer was lost says what D1 has", async () => {
    expect((await cancelOf({ live: begun, lostAt: "CANCELLED" })).answer.refund).toBe(6);
  });
});
