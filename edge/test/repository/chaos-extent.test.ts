import { expect, test } from "vitest";
import { checkExtent } from "../chaos/check-extent.ts";
import { type Plan, planRun } from "../chaos/plan.ts";
import { Counts, Tally } from "../chaos/tally.ts";

const QUICK = planRun({ seed: 1, isQuick: true, tasks: 30, keeps: false });
const WHOLE = planRun({ seed: 1, isQuick: false, tasks: 240, keeps: false });
const BLOWS = [
  "agent: killed and started again",
  "edge: killed and started again",
  "socket of an agent: cut",
  "socket of a client: cut",
  "database: down",
  "UserHub: crashed",
  "Dispatcher: crashed",
  "Dispatcher: crashed, storage lost",
];
const GOOD = { "(tasks accepted)": 28, "(tasks COMPLETED)": 20, "(ends told by STOMP)": 28 };

function failuresOf(plan: Plan, happened: Record<string, number>): string[] {
  const counts = new Counts();
  for (const [kind, times] of Object.entries(happened)) counts.add(kind, times);
  const tally = new Tally();
  checkExtent(tally, plan, counts);
  return tally.failures;
}
const each = (kinds: string[]) => Object.fromEntries(kinds.map((kind) => [kind, 1]));

test("a run with tasks and blows is one", () => {
  expect(failuresOf(QUICK, { ...GOOD, ...each(BLOWS) })).toEqual([]);
});

test("a run in which nothing was accepted is none, though nothing went wrong in it", () => {
  expect(failuresOf(QUICK, each(BLOWS))).toHaveLength(3);
});

test("a short run may miss two blows, a whole one no kind of fault at all", () => {
  expect(failuresOf(QUICK, { ...GOOD, ...each(BLOWS.slice(2)) })).toEqual([]);
  expect(failuresOf(QUICK, { ...GOOD, ...each(BLOWS.slice(3)) })).toEqual([expect.stringContaining("never happened: ")]);
  const many = { "(tasks accepted)": 230, "(tasks COMPLETED)": 180, "(ends told by STOMP)": 230, "(tasks CANCELLED)": 30 };
  expect(failuresOf(WHOLE, { ...many, ...each(BLOWS) })).toEqual([expect.stringContaining("frame: reordered")]);
});

test("attempts that leave their files to the sweep fail a run", () => {
  expect(failuresOf(QUICK, { ...GOOD, ...each(BLOWS), "(files of nobody that the sweep found)": 4 })).toEqual([
    "the sweep found 4 files of nobody",
  ]);
});
