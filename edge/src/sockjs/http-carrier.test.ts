import { expect, test } from "vitest";
import { HttpCarrier, type SessionStorage } from "./http-carrier.ts";

class MemoryStorage implements SessionStorage {
  readonly rows = new Map<string, unknown>();

  get<T>(key: string): T | undefined {
    return structuredClone(this.rows.get(key)) as T | undefined;
  }

  put<T>(key: string, value: T): void {
    this.rows.set(key, structuredClone(value));
  }

  delete(key: string): boolean {
    return this.rows.delete(key);
  }

  list<T>({ prefix }: { prefix: string }): Iterable<[string, T]> {
    const found = [...this.rows].filter(([key]) => key.startsWith(prefix));
    return found.toSorted(([a], [b]) => (a < b ? -1 : 1)) as [string, T][];
  }
}

/** A session whose object is evicted between any two steps: each takes a new carrier on the same storage. */
function aSession() {
  const storage = new MemoryStorage();
  const clock = { now: 1_000_000 };
  let losses = 0;
  const carrier = () =>
    new HttpCarrier(
      storage,
      () => clock.now,
      () => (losses += 1),
    );
  const poll = (of = carrier()) => new Response(of.receive("xhr", "", "en")).text();
  return { storage, clock, carrier, poll, losses: () => losses };
}

test("a session, what waits for it and its end are known after every eviction", async () => {
  const { storage, clock, carrier, poll } = aSession();
  expect(carrier().phase()).toBe("none");
  expect(await poll()).toBe("o\n");
  expect(carrier().state()).toMatchObject({ phase: "awaiting-connect", language: "en" });
  for (let message = 1; message <= 12; message += 1) expect(carrier().send(String(message), false)).toBe(true);
  expect(await poll()).toBe('a["1","2","3","4","5","6","7","8","9","10","11","12"]\n');
  expect([...storage.rows.keys()]).toEqual(["stomp"]);
  carrier().send("ERROR", false);
  carrier().close(1008, "no");
  expect([await poll(), await poll(), await poll()]).toEqual(['a["ERROR"]\n', 'c[1008,"no"]\n', 'c[1008,"no"]\n']);
  clock.now += 5000;
  const last = carrier();
  expect([last.onDue(), last.isOver()]).toEqual([true, true]);
});

test("a client that leaves in the middle of a response is told of once", async () => {
  const { carrier, poll, losses } = aSession();
  await poll();
  const awake = carrier();
  const reader = awake.receive("eventsource", "", "zh").getReader();
  await reader.read();
  await reader.cancel();
  expect([losses(), awake.phase()]).toEqual([1, "closed"]);
  expect(await poll()).toBe('c[1002,"Connection interrupted"]\n');
});

test("a poll that is cut before its client took it ends the session, and the session says so", async () => {
  const { storage, carrier, poll, losses } = aSession();
  await poll();
  const awake = carrier();
  awake.send("RESULT", false);
  await awake.receive("xhr", "", "en").cancel();
  expect([losses(), awake.phase()]).toEqual([1, "closed"]);
  expect([...storage.rows.keys()]).not.toContain("waiting:000000000001");
  expect(await poll()).toBe('c[1002,"Connection interrupted"]\n');
});

test("a response that is lost with the object ends the session when something was written to it, and else does not", async () => {
  const { carrier, poll, losses } = aSession();
  await poll();
  const held = carrier().receive("xhr_streaming", "", "en").getReader();
  await held.read();
  const idle = carrier();
  expect([idle.phase(), losses()]).toEqual(["open", 0]);
  const reader = idle.receive("xhr_streaming", "", "en").getReader();
  await reader.read();
  const next = reader.read();
  idle.send("RESULT", false);
  await next;
  expect([carrier().phase(), losses()]).toEqual(["closed", 1]);
  expect(await poll()).toBe('c[1002,"Connection interrupted"]\n');
});

test("a client that does not come back is noticed", async () => {
  const { clock, carrier, poll } = aSession();
  await poll();
  const awake = carrier();
  clock.now += 5000;
  expect([awake.onDue(), awake.isOver()]).toEqual([false, true]);
});
