import type { EndMessage } from "@star-graph/shared/push";
import { describe, expect, test } from "vitest";
import { EventLog, KEEP, type LoggedEnd } from "./event-log.ts";

const MINUTE = 60_000;

function anEnd(taskId = "t2i_1"): EndMessage {
  return { type: "result", taskId, status: "COMPLETED", results: [] };
}

/** A log, and what it would find on disk after an eviction. */
function aLog(ends: LoggedEnd[] = [], reservedUpTo = 0, droppedUpTo = 0) {
  const saved = { ends, reservedUpTo, droppedUpTo };
  return { saved, log: new EventLog(saved, (upTo) => void (saved.reservedUpTo = upTo)) };
}

const idsOf = (ends: readonly LoggedEnd[]) => ends.map(({ eventId }) => eventId);

describe("event ids", () => {
  test("grow by one, and are reserved a thousand at a time", () => {
    const { log, saved } = aLog();
    expect([log.nextId(), log.nextId()]).toEqual([1, 2]);
    expect(saved.reservedUpTo).toBe(1000);
    for (let id = 3; id <= 1001; id += 1) log.nextId();
    expect(saved.reservedUpTo).toBe(2000);
  });

  test("are never given out twice, whenever the log is loaded again", () => {
    const first = aLog();
    const last = [first.log.nextId(), first.log.nextId()].at(-1)!;
    const second = aLog([], first.saved.reservedUpTo);
    expect(second.log.nextId()).toBeGreaterThan(last);
    expect(second.saved.reservedUpTo).toBe(2000);
  });
});

describe("an end", () => {
  test("is kept once: a repeat says nothing, even if it says something else", () => {
    const { log } = aLog();
    expect(log.add(anEnd(), 5)).toEqual({ eventId: 1, taskId: "t2i_1", body: JSON.stringify(anEnd()), endedAt: 5 });
    expect(log.add({ type: "error", taskId: "t2i_1", code: "E001", message: "" }, 6)).toBeNull();
    expect(log.of("t2i_1")).toMatchObject({ eventId: 1 });
    expect(log.of("t2i_2")).toBeNull();
  });

  test("is found by those who have had what was before it, in order", () => {
    const { log } = aLog();
    for (let task = 1; task <= 5; task += 1) log.add(anEnd(`${task}`), 0);
    expect(idsOf(log.after(0, 10))).toEqual([1, 2, 3, 4, 5]);
    expect(idsOf(log.after(2, 2))).toEqual([3, 4]);
    expect(log.after(5, 10)).toEqual([]);
  });

  test("is the same after the hub was evicted", () => {
    const { log, saved } = aLog();
    const ends = ["a", "b"].map((taskId) => log.add(anEnd(taskId), 0)!);
    const again = aLog(ends.toReversed(), saved.reservedUpTo);
    expect(idsOf(again.log.after(1, 10))).toEqual([2]);
    expect(again.log.add(anEnd("a"), 1)).toBeNull();
  });

  test("is dropped after ten minutes, and with it the ends before", () => {
    const { log } = aLog();
    log.add(anEnd("a"), 0);
    log.add(anEnd("b"), MINUTE);
    expect(log.nextExpiry()).toBe(KEEP.ms);
    expect(log.drop(KEEP.ms - 1)).toBeNull();
    expect(log.drop(KEEP.ms)).toBe(1);
    expect(log.of("a")).toBeNull();
    expect(log.drop(KEEP.ms + MINUTE)).toBe(2);
    expect(log.nextExpiry()).toBeNull();
  });

  test("is dropped when there are too many or too much", () => {
    const many = aLog().log;
    for (let task = 0; task <= KEEP.ends; task += 1) many.add(anEnd(`${task}`), 0);
    expect(many.drop(0)).toBe(1);

    const large = aLog().log;
    for (const taskId of ["a", "b", "c"]) {
      large.add({ type: "error", taskId, code: 500, message: "x".repeat(KEEP.bytes / 2 - 100) }, 0);
    }
    expect(large.drop(0)).toBe(1);
  });
});

describe("a subscription to ends", () => {
  test("that says nothing of what it has had begins with the ends of the last five minutes", () => {
    const { log } = aLog();
    log.add(anEnd("a"), 0);
    log.add(anEnd("b"), MINUTE);
    expect(log.startOfEnds(null, 5 * MINUTE - 1)).toEqual({ startAfter: 0, gapAfter: null });
    expect(log.startOfEnds(null, 5 * MINUTE)).toEqual({ startAfter: 1, gapAfter: null });
    expect(log.startOfEnds(null, 6 * MINUTE)).toEqual({ startAfter: 2, gapAfter: null });
  });

  test("goes on where it was, however long ago, as long as nothing since then was dropped", () => {
    const { log } = aLog();
    log.add(anEnd("a"), 0);
    log.add(anEnd("b"), 9 * MINUTE);
    expect(log.startOfEnds(0, 9 * MINUTE)).toEqual({ startAfter: 0, gapAfter: null });
    log.drop(KEEP.ms);
    expect(log.startOfEnds(1, KEEP.ms)).toEqual({ startAfter: 1, gapAfter: null });
    expect(log.startOfEnds(0, KEEP.ms)).toEqual({ startAfter: 1, gapAfter: 0 });
  });

  test("that names an event which never was begins anew, and is told so", () => {
    const { log } = aLog();
    log.add(anEnd("a"), 0);
    expect(log.startOfEnds(2, 0)).toEqual({ startAfter: 0, gapAfter: 2 });
  });
});

test("a subscription to progress misses nothing: the newest state of a task is all there is", () => {
  const { log } = aLog();
  log.nextId();
  expect(log.startOfProgress(null)).toEqual({ startAfter: 0, gapAfter: null });
  expect(log.startOfProgress(1)).toEqual({ startAfter: 1, gapAfter: null });
  expect(log.startOfProgress(2)).toEqual({ startAfter: 0, gapAfter: null });
});
