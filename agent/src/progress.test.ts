import type { Phase, TaskProgress } from "@star-graph/shared/task";
import { expect, test, vi } from "vitest";
import { judgeReport, ProgressReporter } from "./progress.ts";

const at = (phase: Phase, step: number, totalSteps = 10): TaskProgress => ({ phase, step, totalSteps });

test.each([
  ["the first of all goes at once", null, at("loading", 0), 0, "send"],
  ["the first of a phase goes at once", at("loading", 0), at("sampling", 1), 0, "send"],
  ["the last of a phase goes at once", at("sampling", 8), at("sampling", 10), 0, "send"],
  ["one in between waits", at("sampling", 1), at("sampling", 2), 499, "wait"],
  ["one in between goes after the interval", at("sampling", 1), at("sampling", 2), 500, "send"],
  ["a step back is dropped", at("sampling", 5), at("sampling", 4), 9999, "drop"],
  ["a repeat is dropped", at("sampling", 10), at("sampling", 10), 9999, "drop"],
  ["a phase back is dropped", at("encoding", 0), at("sampling", 9), 9999, "drop"],
  ["further along a longer way is ahead", at("sampling", 5, 10), at("sampling", 11, 20), 9999, "send"],
  ["a total that grows does not go back", at("sampling", 5, 10), at("sampling", 6, 20), 9999, "drop"],
  ["without a total nothing is the last", at("sampling", 1, 0), at("sampling", 2, 0), 0, "wait"],
] as const)("%s", (_, newest, report, msSinceSent, verdict) => {
  expect(judgeReport(newest, report, msSinceSent, 500)).toBe(verdict);
});

test("what waits is sent when the interval is over: the newest only, and nothing after close", () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
  const sent: TaskProgress[] = [];
  const reporter = new ProgressReporter(500, (progress) => sent.push(progress));
  for (const step of [1, 2, 3]) reporter.report(at("sampling", step));
  vi.advanceTimersByTime(499);
  expect(sent).toEqual([at("sampling", 1)]);
  vi.advanceTimersByTime(1);
  expect(sent).toEqual([at("sampling", 1), at("sampling", 3)]);
  reporter.report(at("sampling", 4));
  reporter.close();
  vi.advanceTimersByTime(1000);
  reporter.repeat();
  expect(sent).toHaveLength(2);
  vi.useRealTimers();
});
