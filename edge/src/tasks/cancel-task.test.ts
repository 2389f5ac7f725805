import type { EndMessage } from "@star-graph/shared/push";
import type { TaskStatus } from "@star-graph/shared/task";
import { expect, test } from "vitest";
import type { SettleOutcome } from "../billing/ledger.ts";
import type { Shard } from "../dispatch/shards/pools.ts";
import { cancelTask } from "./cancel-task.ts";
import { aTaskRow } from "./testing/builders.ts";

const CALLBACK = "https://example.com/hook";

interface Given {
  outcome?: SettleOutcome;
  isReached?: boolean;
  /** D1 does not answer the cancel, and afterwards has this status. */
  lostAt?: TaskStatus;
}

function surroundings({ outcome = "settled", isReached = true, lostAt }: Given = {}) {
  let status: TaskStatus = "PROCESSING";
  const stopped: string[] = [];
  const told: [number, EndMessage, string | null][] = [];
  const deps = {
    fileUrl: (key: string) => key,
    findTask: async (taskId: string, userId: number) =>
      taskId === "task-1" && userId === 1001
        ? aTaskRow({ id: "task-1", status, cost: 12, pool: "owner-1001", shard: 1, clientId: "tab-1", callbackUrl: CALLBACK })
        : null,
    async settleTask() {
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
  return { stopped, told, cancel: (taskId: string, userId: number) => cancelTask(deps, taskId, userId, 5) };
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
