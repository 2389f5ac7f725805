import type { EndMessage } from "@star-graph/shared/push";
import { describe, expect, test } from "vitest";
import { RecentEnds } from "./recent-ends.ts";

const MINUTE = 60_000;

function anEnd(taskId = "t2i_1"): EndMessage {
  return { type: "result", taskId, status: "COMPLETED", results: [] };
}

test("knows a repeat, also one that says something else", () => {
  const ends = new RecentEnds([]);
  expect(ends.add(anEnd(), 0)).toEqual({ taskId: "t2i_1", body: JSON.stringify(anEnd()), endedAt: 0, isDelivered: false });
  expect(ends.add({ type: "error", taskId: "t2i_1", code: "E001", message: "" }, 1)).toBeNull();
});

describe("an end", () => {
  test("is offered to each session once", () => {
    const ends = new RecentEnds([]);
    ends.add(anEnd(), 0);
    expect(ends.offer("t2i_1", "a")).toBe(JSON.stringify(anEnd()));
    expect(ends.offer("t2i_1", "b")).toBe(JSON.stringify(anEnd()));
    expect(ends.offer("t2i_1", "a")).toBeNull();
  });

  test("is still told to a session that comes later, when another has taken it", () => {
    const ends = new RecentEnds([]);
    ends.add(anEnd(), 0);
    ends.offer("t2i_1", "a");
    expect(ends.settle("t2i_1", "a", true)).toBe(true);
    expect(ends.isDelivered("t2i_1")).toBe(true);
    expect(ends.recent(0)).toEqual(["t2i_1"]);
    expect(ends.offer("t2i_1", "a")).toBeNull();
    expect(ends.offer("t2i_1", "b")).toBe(JSON.stringify(anEnd()));
  });

  test("is marked as delivered by the first session that takes it only", () => {
    const ends = new RecentEnds([]);
    ends.add(anEnd(), 0);
    for (const session of ["a", "b"]) ends.offer("t2i_1", session);
    expect(ends.settle("t2i_1", "a", true)).toBe(true);
    expect(ends.settle("t2i_1", "b", true)).toBe(false);
  });

  test("may be offered again to a session that did not take it", () => {
    const ends = new RecentEnds([]);
    ends.add(anEnd(), 0);
    ends.offer("t2i_1", "a");
    expect(ends.settle("t2i_1", "a", false)).toBe(false);
    expect(ends.recent(0)).toEqual(["t2i_1"]);
    expect(ends.offer("t2i_1", "a")).not.toBeNull();
  });

  test("is told to those who come within five minutes, the oldest first", () => {
    const ends = new RecentEnds([]);
    ends.add(anEnd("t2i_1"), 0);
    ends.add(anEnd("t2i_2"), MINUTE);
    expect(ends.recent(5 * MINUTE - 1)).toEqual(["t2i_1", "t2i_2"]);
    expect(ends.recent(5 * MINUTE)).toEqual(["t2i_2"]);
  });

  test("is known for ten minutes", () => {
    const ends = new RecentEnds([]);
    ends.add(anEnd("t2i_1"), 0);
    ends.add(anEnd("t2i_2"), MINUTE);
    expect(ends.nextExpiry()).toBe(10 * MINUTE);
    expect(ends.expire(10 * MINUTE)).toBe(0);
    expect([ends.has("t2i_1"), ends.has("t2i_2")]).toEqual([false, true]);
    expect(ends.nextExpiry()).toBe(11 * MINUTE);
    ends.expire(11 * MINUTE);
    expect(ends.nextExpiry()).toBeNull();
  });

  test("is the same after the hub was evicted", () => {
    const saved = { taskId: "t2i_1", body: "{}", endedAt: 5, isDelivered: true };
    const ends = new RecentEnds([saved, { ...saved, taskId: "t2i_0", endedAt: 1, isDelivered: false }]);
    expect(ends.recent(6)).toEqual(["t2i_0", "t2i_1"]);
    expect([ends.isDelivered("t2i_0"), ends.isDelivered("t2i_1")]).toEqual([false, true]);
    expect(ends.nextExpiry()).toBe(1 + 10 * MINUTE);
  });
});
