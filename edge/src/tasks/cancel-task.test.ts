import type { EndMessage } from "@star-graph/shared/push";
import { expect, test } from "vitest";
import type { SettleOutcome } from "../billing/ledger.ts";
import type { Shard } from "../dispatch/pools.ts";
import { cancelTask } from "./cancel-task.ts";
import { aTaskRow } from "./testing/builders.ts";

const CALLBACK = "https://example.com/hook";

function surroundings({ outcome = "settled", isReached = true }: { outcome?: SettleOutcome; isReached?: boolean } = {}) {
  const stopped: string[] = [];
  const told: [number, EndMessage, string | null][] = [];
  const deps = {
    fileUrl: (key: string) => key,
    findTask: async (taskId: string, userId: number) =>
      taskId === "task-1" && userId === 1001
        ? aTaskRow({ id: "task-1", cost: 12, pool: "owner-1001", shard: 1, clientId: "tab-1", callbackUrl: CALLBACK })
        : null,
    settleTask: async () => outcome,
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

test.each(["already", "refused"] as const)("a cancel of a task that has ended is a bad request and stops nothing (%s)", async (outcome) => {
  const { cancel, stopped } = surroundings({ outcome });
  await expect(cancel("task-1", 1001)).rejects.toMatchObject({ errorName: "BAD_REQUEST" });
  expect(stopped).toEqual([]);
});
