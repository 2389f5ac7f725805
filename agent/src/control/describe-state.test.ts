import { expect, test } from "vitest";
import { type AgentState, describeState } from "./describe-state.ts";

const READY: Parameters<typeof describeState>[0] = {
  isConnected: true,
  isLeaving: false,
  restingBecause: null,
  edgeState: "serving",
  idleBecause: null,
  slots: 1,
  running: [],
};

test.each<[AgentState["mood"], string, Partial<typeof READY>]>([
  ["well", "ready for work", {}],
  ["well", "ready for work", { edgeState: null }],
  ["well", "no work: nothing waits that it could run", { idleBecause: "Nothing waits that it could run" }],
  ["well", "no work: GPU 3 is wanted", { idleBecause: "GPU 3 is wanted" }],
  ["well", "working", { running: ["a1"] }],
  ["well", "working, 1 of 2 slots", { running: ["a1"], slots: 2 }],
  ["waiting", "paused by the edge", { edgeState: "paused" }],
  ["bad", "quarantined by the edge: it failed every task", { edgeState: "quarantined", idleBecause: "It failed every task" }],
  ["waiting", "resting: the GPU has 90 degrees", { restingBecause: "the GPU has 90 degrees", idleBecause: "Paused", running: ["a1"] }],
  ["waiting", "connecting to the edge", { isConnected: false, running: ["a1"] }],
  ["waiting", "leaving once what runs is done", { isLeaving: true, running: ["a1"] }],
])("%s: %s", (mood, text, change) => {
  expect(describeState({ ...READY, ...change })).toEqual({ mood, text });
});
