import { expect, test } from "vitest";
import { StatusWaiters } from "./status-waiters.ts";

test("a held request is woken by its own task's change and no other's", async () => {
  const waiters = new StatusWaiters();
  const woken: string[] = [];
  for (const taskId of ["a", "b"]) void waiters.hold(taskId)?.changed.then(() => woken.push(taskId));
  waiters.wake("c");
  waiters.wake("b");
  await Promise.resolve();
  expect(woken).toEqual(["b"]);
});

test("a hundred requests are held at once, and each makes room when it leaves, once", () => {
  const waiters = new StatusWaiters();
  const held = Array.from({ length: 100 }, () => waiters.hold("a"));
  expect(waiters.hold("b")).toBeNull();
  held[0]?.leave();
  held[0]?.leave();
  expect(waiters.hold("b")).not.toBeNull();
  expect(waiters.hold("b")).toBeNull();
});
