import type { ProgressMessage } from "@star-graph/shared/push";
import { expect, test } from "vitest";
import { LiveProgress } from "./live-progress.ts";

function aProgress(overrides: Partial<ProgressMessage> = {}): ProgressMessage {
  const base = {
    type: "progress",
    taskId: "t2i_1",
    progress: 50,
    currentStep: 15,
    totalSteps: 30,
    message: "",
    phase: "sampling",
  } as const;
  return { ...base, attempt: 1, ...overrides };
}

function counter(): () => number {
  let last = 0;
  return () => (last += 1);
}

test.each<[string, Partial<ProgressMessage>, boolean]>([
  ["a later step", { currentStep: 16 }, true],
  ["the same step with another text", { message: "x" }, true],
  ["the same again", {}, false],
  ["the same with another estimate", { estimatedTime: 3 }, false],
  ["an earlier step", { currentStep: 14 }, false],
  ["a later phase, which counts from 0 again", { phase: "uploading", currentStep: 0 }, true],
  ["an earlier phase", { phase: "loading", currentStep: 20 }, false],
  ["the next attempt from its beginning", { attempt: 2, phase: "queued", currentStep: 0 }, true],
  ["a past attempt", { attempt: 0, phase: "uploading" }, false],
  ["another task", { taskId: "t2i_2", currentStep: 1 }, true],
])("takes %s as newest: %s", (_what, overrides, isTaken) => {
  const live = new LiveProgress();
  const nextId = counter();
  live.accept(aProgress(), nextId);
  const message = aProgress(overrides);
  expect(live.accept(message, nextId)).toEqual(isTaken ? { eventId: 2, message } : null);
  expect(live.of(message.taskId)?.message).toEqual(isTaken ? message : aProgress());
});

test("keeps one message a task, and none of a task it was told to forget", () => {
  const live = new LiveProgress();
  const nextId = counter();
  live.accept(aProgress(), nextId);
  live.accept(aProgress({ currentStep: 16 }), nextId);
  expect(live.tasks()).toEqual(["t2i_1"]);
  live.forget("t2i_1");
  expect(live.of("t2i_1")).toBeNull();
});

test("lets go of the task that was silent longest when there are too many", () => {
  const live = new LiveProgress();
  const nextId = counter();
  for (let task = 0; task <= 200; task += 1) live.accept(aProgress({ taskId: `t2i_${task}` }), nextId);
  expect(live.tasks()).toHaveLength(200);
  expect(live.of("t2i_0")).toBeNull();
});
