import { describe, expect, test } from "vitest";
import { isTerminal, type Phase, progressPercent, TASK_ID_PREFIX, TaskStatus, TaskType } from "./task.ts";

describe("the percent of a running task", () => {
  const at = (phase: Phase, step = 0, totalSteps = 30) => progressPercent({ phase, step, totalSteps });

  test("is that of the steps sampled, as in the document", () => {
    expect([at("sampling"), at("sampling", 1), at("sampling", 15), at("sampling", 29)]).toEqual([0, 3, 50, 96]);
  });

  test("is nothing before sampling, however many steps are counted there", () => {
    expect([at("queued", 5), at("loading", 30)]).toEqual([0, 0]);
  });

  test("is never 100 before the task has ended", () => {
    expect([at("sampling", 30), at("sampling", 31), at("encoding", 0), at("uploading", 1, 1)]).toEqual([99, 99, 99, 99]);
  });

  test("does not divide by no steps", () => {
    expect(at("sampling", 0, 0)).toBe(0);
  });

  test("never goes back over the phases of an attempt", () => {
    const steps = Array.from({ length: 31 }, (_, step) => at("sampling", step));
    const all = [at("queued"), at("loading"), ...steps, at("encoding"), at("uploading")];
    expect(all.toSorted((a, b) => a - b)).toEqual(all);
  });
});

test("a task is done when it completed, failed or was cancelled", () => {
  expect(TaskStatus.options.filter(isTerminal)).toEqual(["COMPLETED", "FAILED", "CANCELLED"]);
});

test("every type has an id prefix of its own", () => {
  expect(new Set(TaskType.options.map((type) => TASK_ID_PREFIX[type])).size).toBe(TaskType.options.length);
});
