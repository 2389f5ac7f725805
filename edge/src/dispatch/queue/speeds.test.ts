import { describe, expect, test } from "vitest";
import { createMemoryStore } from "./memory-store.ts";
import { expectedMs, learnLoad, learnSpeed, loadMsOf, spreadOf } from "./speeds.ts";
import { aModel, anAgent, aTask } from "../testing/builders.ts";

describe("the speed of a kind of task", () => {
  test("is learned from what such tasks took, the newest counting most", () => {
    const store = createMemoryStore();
    const task = aTask({ work: 1e6 });
    learnSpeed(store, task, 1_000);
    expect(expectedMs(store, { ...task, work: 2e6 })).toBe(2_000);
    learnSpeed(store, task, 2_000);
    expect(expectedMs(store, task)).toBe(1_300);
  });

  test("is not learned from a clock that was set back", () => {
    const store = createMemoryStore();
    learnSpeed(store, aTask(), -5_000);
    learnSpeed(store, aTask(), 0);
    expect(store.getSpeed("TEXT2IMG|scene")).toBeNull();
  });

  test("is what an agent measured of itself until a task has shown it", () => {
    const store = createMemoryStore();
    const task = aTask({ work: 1e6 });
    expect(expectedMs(store, task)).toBe(320);
    store.putAgent(anAgent({ models: [aModel({ megaWorkPerSecond: { TEXT2IMG: 4 } })] }));
    expect(expectedMs(store, task)).toBe(250);
    expect(expectedMs(store, { ...task, type: "UPSCALE" })).toBe(320);
    learnSpeed(store, task, 1_000);
    expect(expectedMs(store, task)).toBe(1_000);
  });

  test("is known more closely the more alike the tasks' times are", () => {
    const store = createMemoryStore();
    const task = aTask({ work: 1e6 });
    expect(spreadOf(store, task)).toBe(0.5);
    for (let n = 0; n < 20; n++) learnSpeed(store, task, 1_000);
    expect(spreadOf(store, task)).toBeLessThan(0.01);
    learnSpeed(store, task, 2_000);
    expect(spreadOf(store, task)).toBeGreaterThan(0.2);
  });
});

test("the time that a model takes to load is learned from agents that did not have it", () => {
  const store = createMemoryStore();
  expect(loadMsOf(store, "scene")).toBe(0);
  learnLoad(store, "scene", 20_000);
  learnLoad(store, "scene", 10_000);
  expect(loadMsOf(store, "scene")).toBe(17_000);
  expect(loadMsOf(store, "other")).toBe(0);
});
