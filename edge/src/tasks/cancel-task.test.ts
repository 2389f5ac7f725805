import { expect, test } from "vitest";
import type { SettleOutcome } from "../billing/ledger.ts";
import { cancelTask } from "./cancel-task.ts";
import { aTaskRow } from "./testing/builders.ts";

function surroundings(outcome: SettleOutcome = "settled") {
  const stopped: string[] = [];
  const deps = {
    findTask: async (taskId: string, userId: number) =>
      taskId === "task-1" && userId === 1001 ? aTaskRow({ cost: 12, pool: "owner-1001" }) : null,
    settleTask: async () => outcome,
    stop: async (pool: string, taskId: string) => void stopped.push(`${taskId}@${pool}`),
  };
  return { stopped, cancel: (taskId: string, userId: number) => cancelTask(deps, taskId, userId, 5) };
}

test("a cancel answers with what is released, and has the task's own pool stop it", async () => {
  const { cancel, stopped } = surroundings();
  expect(await cancel("task-1", 1001)).toEqual({ taskId: "task-1", refund: 12 });
  expect(stopped).toEqual(["task-1@owner-1001"]);
});

test("a cancel of somebody else's task, or of none, is not found", async () => {
  const { cancel } = surroundings();
  await expect(cancel("task-1", 1002)).rejects.toMatchObject({ errorName: "NOT_FOUND" });
  await expect(cancel("task-2", 1001)).rejects.toMatchObject({ errorName: "NOT_FOUND" });
});

test.each(["already", "refused"] as const)("a cancel of a task that has ended is a bad request and stops nothing (%s)", async (outcome) => {
  const { cancel, stopped } = surroundings(outcome);
  await expect(cancel("task-1", 1001)).rejects.toMatchObject({ errorName: "BAD_REQUEST" });
  expect(stopped).toEqual([]);
});
