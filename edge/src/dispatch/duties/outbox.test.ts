import { describe, expect, test } from "vitest";
import { createOutbox, retryDelayMs } from "./outbox.ts";
import { openNodeSql } from "../testing/node-sql.ts";
import type { Duty } from "../queue/types.ts";

const aDuty = (taskId: string, at = 100): Duty => ({ kind: "failed", taskId, attempt: null, error: "INTERNAL", message: `at ${at}`, at });

describe("the outbox", () => {
  test("has the oldest duty of a task done before its next", () => {
    const outbox = createOutbox(openNodeSql());
    outbox.add(aDuty("task-1", 100));
    outbox.add(aDuty("task-1", 101));
    const first = outbox.next("task-1", 200);
    expect(first).toMatchObject({ duty: { message: "at 100" }, tries: 0 });
    outbox.done(first?.id ?? 0);
    expect(outbox.next("task-1", 200)).toMatchObject({ duty: { message: "at 101" } });
  });

  test("keeps a task's later duties back while its first has to wait, but not another task's", () => {
    const outbox = createOutbox(openNodeSql());
    outbox.add(aDuty("task-1"));
    outbox.add(aDuty("task-1"));
    outbox.add(aDuty("task-2"));
    const first = outbox.next("task-1", 100);
    if (first) outbox.postpone(first, 100);
    expect(outbox.next("task-1", 599)).toBeNull();
    expect(outbox.next("task-2", 100)).not.toBeNull();
    expect(outbox.next("task-1", 600)).toMatchObject({ id: first?.id, tries: 1 });
  });

  test("knows which tasks have a duty due, and when the next is", () => {
    const outbox = createOutbox(openNodeSql());
    expect(outbox.earliestDue()).toBeNull();
    outbox.add(aDuty("task-1", 100));
    outbox.add(aDuty("task-2", 90));
    expect(outbox.dueTasks(99)).toEqual(["task-2"]);
    expect(outbox.dueTasks(100)).toEqual(["task-2", "task-1"]);
    expect(outbox.earliestDue()).toBe(90);
  });

  test("wakes nobody for a duty whose task has an earlier one to wait for, nor for one that is under way", () => {
    const outbox = createOutbox(openNodeSql());
    outbox.add(aDuty("task-1", 100));
    outbox.add(aDuty("task-1", 100));
    const first = outbox.next("task-1", 100);
    expect([outbox.dueTasks(10_099), outbox.next("task-1", 10_099), outbox.earliestDue()]).toEqual([[], null, 10_100]);
    if (first) outbox.postpone(first, 200);
    expect([outbox.dueTasks(699), outbox.earliestDue()]).toEqual([[], 700]);
    outbox.done(first?.id ?? 0);
    outbox.done(first?.id ?? 0);
    expect(outbox.dueTasks(300)).toEqual(["task-1"]);
  });

  test("has a duty done again over which its object died", () => {
    const sql = openNodeSql();
    const outbox = createOutbox(sql);
    outbox.add(aDuty("task-1", 100));
    const first = outbox.next("task-1", 100);
    expect(createOutbox(sql).next("task-1", 10_100)).toEqual(first);
  });

  test("survives its object: what was promised is found again", () => {
    const sql = openNodeSql();
    createOutbox(sql).add(aDuty("task-1"));
    expect(createOutbox(sql).next("task-1", 100)).toMatchObject({ duty: { taskId: "task-1" } });
  });
});

test("a duty that fails is tried again after half a second, then twice as late each time, and at least every minute", () => {
  expect([0, 1, 2, 6, 7, 50, 5_000].map(retryDelayMs)).toEqual([500, 1_000, 2_000, 32_000, 60_000, 60_000, 60_000]);
});
