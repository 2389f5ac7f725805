import { expect, test } from "vitest";
import { SessionAlarm } from "./session-alarm.ts";

/** An object's storage, with a log of what it was asked to write. */
class MemoryStorage {
  alarm: number | null = null;
  readonly writes: string[] = [];

  async getAlarm(): Promise<number | null> {
    return this.alarm;
  }

  async setAlarm(time: number): Promise<void> {
    this.writes.push(`set ${time}`);
    this.alarm = time;
  }

  async deleteAlarm(): Promise<void> {
    this.writes.push("delete");
    this.alarm = null;
  }

  async deleteAll(): Promise<void> {
    this.writes.push("delete all");
  }
}

test("is moved when something is due earlier or much later, and left alone otherwise", async () => {
  const storage = new MemoryStorage();
  const alarm = new SessionAlarm(storage);
  for (const next of [15_000, 15_000, 5000, 30_000, 64_999, null, 65_000]) await alarm.arm(next);
  expect(storage.writes).toEqual(["set 15000", "set 5000", "set 65000"]);
});

test("that was set before an eviction is known after it", async () => {
  const storage = new MemoryStorage();
  await new SessionAlarm(storage).arm(5000);
  await new SessionAlarm(storage).arm(6000);
  expect(storage.writes).toEqual(["set 5000"]);
});

test("is armed anew once it has rung", async () => {
  const storage = new MemoryStorage();
  const alarm = new SessionAlarm(storage);
  await alarm.arm(5000);
  storage.alarm = null;
  alarm.rang();
  await alarm.arm(5000);
  expect(storage.writes).toEqual(["set 5000", "set 5000"]);
});

test("ends with everything that is stored, and writes nothing where nothing is", async () => {
  const storage = new MemoryStorage();
  await new SessionAlarm(storage).clear();
  expect(storage.writes).toEqual([]);
  const alarm = new SessionAlarm(storage);
  alarm.rang();
  await alarm.clear();
  await alarm.clear();
  expect(storage.writes).toEqual(["delete", "delete all"]);
});
