import { expect, test } from "vitest";
import { aCompletion, anAttempt, aTask } from "../testing/builders.ts";
import { dutiesIn, sentIn, Shard } from "../testing/shard.ts";
import { onDutyDone } from "./duty-outcomes.ts";
import type { Duty } from "./types.ts";

const attempt = anAttempt({ agentId: "a" });
const GIVEN_UP = { kind: "given-up" } as const;

/** `task-1` runs as `attempt-1` on agent `a`. */
function running(): Shard {
  const shard = new Shard();
  shard.connect("a");
  shard.submit(aTask({ createTime: shard.now }));
  shard.accept("a", attempt.id);
  return shard;
}

test("a completion that was given up leaves the list, and its agent forgets the result", () => {
  const shard = running();
  const [duty] = dutiesIn(shard.say("a", aCompletion(attempt.id)));
  if (duty?.kind !== "completed") throw new Error("the task has not completed");
  expect(onDutyDone(shard.store, duty, GIVEN_UP, shard.clock)).toMatchObject([
    { kind: "send", message: { type: "ack", attemptId: attempt.id, outcome: "refused" } },
  ]);
  expect(shard.state("task-1")).toBe("gone");
});

test("a start that was given up has its engine stopped", () => {
  const shard = running();
  const effects = onDutyDone(shard.store, { kind: "started", taskId: "task-1", attempt, at: shard.now }, GIVEN_UP, shard.clock);
  expect(sentIn(effects)).toEqual(["cancel attempt-1 → a"]);
  expect(shard.state("task-1")).toBe("stopping");
});

test("a loss that was given up takes off what waits again", () => {
  const shard = running();
  const [lost] = dutiesIn(shard.hello("a"));
  if (lost?.kind !== "lost") throw new Error("the attempt is not lost");
  onDutyDone(shard.store, lost, GIVEN_UP, shard.clock);
  expect(shard.state("task-1")).toBe("gone");
});

test.each(["cancelled", "stopped"] as const)("what followed an end (%s) and was given up touches no task", (kind) => {
  const shard = running();
  const duty: Duty = { kind, taskId: "task-1", attempt: anAttempt({ id: "attempt-0", agentId: "a" }), at: shard.now };
  expect(onDutyDone(shard.store, duty, GIVEN_UP, shard.clock)).toEqual([]);
  expect(shard.state("task-1")).toBe("running");
});
