import { describe, expect, test } from "vitest";
import { TaskStreams } from "./task-streams.ts";

const HOUR_MS = 3_600_000;

function surroundings() {
  const occupied: boolean[] = [];
  return { occupied, streams: new TaskStreams((isOccupied) => void occupied.push(isOccupied)) };
}

const aListener = (taskId: string, authSessionId: string, expiresAt = Infinity) => ({ taskId, authSessionId, expiresAt });
const textOf = (stream: ReadableStream<Uint8Array>) => new Response(stream).text();

describe("event streams", () => {
  test("begin with what is known, go on with their own task's events, and end with its end", async () => {
    const { streams, occupied } = surroundings();
    const [a, b] = [streams.open(aListener("a", "session-1"), ["known\n\n"], 0), streams.open(aListener("b", "session-1"), [], 0)];
    streams.send("a", "one\n\n");
    expect([streams.count("a"), streams.count("c")]).toEqual([1, 0]);
    streams.send("b", "other\n\n");
    streams.end("a", "end\n\n");
    expect(await textOf(a)).toBe("retry: 2000\n\nknown\n\none\n\nend\n\n");
    expect(occupied).toEqual([true]);
    streams.endAuthSession("session-2");
    streams.endAuthSession("session-1");
    expect(await textOf(b)).toBe("retry: 2000\n\nother\n\n");
    expect(occupied).toEqual([true, false]);
  });

  test("that nobody reads miss steps and heartbeats, never the end", async () => {
    const { streams } = surroundings();
    const stream = streams.open(aListener("a", "session-1"), [], 0);
    for (let step = 0; step < 1000; step++) streams.send("a", `${step}\n\n`);
    streams.beat(1);
    streams.end("a", "end\n\n");
    const events = (await textOf(stream)).split("\n\n");
    expect(events.length).toBeLessThan(70);
    expect(events.at(-2)).toBe("end");
  });

  test("beat while they are open, and have to be opened again after an hour", async () => {
    const { streams } = surroundings();
    const stream = streams.open(aListener("a", "session-1"), [], 0);
    streams.beat(HOUR_MS - 1);
    streams.beat(HOUR_MS);
    expect(await textOf(stream)).toBe("retry: 2000\n\n: still here\n\n");
  });

  test("end with the token of who listens", async () => {
    const { streams } = surroundings();
    const stream = streams.open(aListener("a", "session-1", 1_000), [], 0);
    streams.beat(999);
    streams.beat(1_000);
    expect(await textOf(stream)).toBe("retry: 2000\n\n: still here\n\n");
  });

  test("are fifty at most: the oldest makes room", async () => {
    const { streams } = surroundings();
    const first = streams.open(aListener("a", "session-1"), [], 0);
    for (let n = 0; n < 50; n++) streams.open(aListener("b", "session-1"), [], 0);
    expect(await textOf(first)).toBe("retry: 2000\n\n");
    expect(streams.count("b")).toBe(50);
  });

  test("that their readers leave are forgotten", async () => {
    const { streams, occupied } = surroundings();
    await streams.open(aListener("a", "session-1"), [], 0).cancel();
    expect(streams.count("a")).toBe(0);
    expect(occupied).toEqual([true, false]);
  });
});
