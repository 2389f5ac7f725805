import { stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { controlAddress } from "../src/control/address.ts";
import { tellAgent } from "../src/control/client.ts";
import { describeStatus } from "../src/commands/describe-status.ts";
import { EngineError } from "../src/engines/engine.ts";
import { anOffer } from "./builders.ts";
import { startAgent, temporaryFolder } from "./run-in-process.ts";
import { MODEL } from "./scripted-engine.ts";

test("says how it is: connected, what it runs and how far, and what the edge says of it", async () => {
  const { edge, engine, stateFolder } = await startAgent({ slots: 2 });
  const { line } = await edge.nextAgent();
  line.send(anOffer(edge.url, "a1"));
  const run = await engine.runs.take();
  run.step("sampling", 4, 10);
  line.send({ type: "standing", state: "serving", waitingTasks: 3, earnedToday: 40 });
  await line.next("progress");
  const status = await vi.waitUntil(async () => {
    const now = await tellAgent(stateFolder, { command: "status" });
    return now?.waitingTasks === 3 ? now : null;
  });
  expect(status).toMatchObject({ isConnected: true, restingBecause: null, earnedToday: 40, slots: 2, undelivered: 0 });
  const text = describeStatus({
    ...status,
    pid: 7,
    upMs: 3_700_000,
    edge: "https://edge.example",
    gpus: [],
    running: status.running.map((task) => ({ ...task, elapsedMs: 12_000 })),
  });
  expect(text).toBe(`agent    box, version 0.1.0, process 7, up 1 h 1 min
edge     https://edge.example, connected
state    working, 1 of 2 slots
running  TEXT2IMG with ${MODEL} on scripted: sampling 4/10, 12 s (a1)
done     0 drawn, 0 failed, 0 not yet delivered
earned   40 credits today
queue    3 tasks wait that it could run
engine   scripted: ${MODEL}
`);
});

test("paused, it asks for nothing, finishes what runs, then frees memory, and says so; resumed, it asks again", async () => {
  const { edge, engine, stateFolder } = await startAgent();
  const { line } = await edge.nextAgent();
  expect(await line.next("ready")).toMatchObject({ freeSlots: 1 });
  line.send(anOffer(edge.url, "a1"));
  const run = await engine.runs.take();
  expect(await line.next("ready")).toMatchObject({ freeSlots: 0 });
  const paused = await tellAgent(stateFolder, { command: "pause", forMs: null, isAtOnce: false });
  expect(paused).toMatchObject({ restingBecause: "paused by its owner", running: [{ attemptId: "a1" }] });
  expect(await line.next("status")).toMatchObject({ status: { restingBecause: "paused by its owner" } });
  expect(engine.freed).toBe(0);
  run.finish();
  await line.next("completed");
  await vi.waitFor(() => expect(engine.freed).toBe(1));
  line.send({ type: "ack", attemptId: "a1", outcome: "recorded" });

  await tellAgent(stateFolder, { command: "resume" });
  expect((await line.next("status")).status).not.toHaveProperty("restingBecause");
  expect(await line.next("ready")).toMatchObject({ freeSlots: 1 });
});

test("paused at once, it gives the running task back and frees memory before it answers", async () => {
  const { edge, engine, stateFolder } = await startAgent();
  const { line } = await edge.nextAgent();
  line.send(anOffer(edge.url, "a1"));
  const run = await engine.runs.take();
  const status = await tellAgent(stateFolder, { command: "pause", forMs: 60_000, isAtOnce: true });
  expect(status).toMatchObject({ running: [], restingBecause: expect.stringMatching(/^paused by its owner until 20/) });
  await run.stopped;
  expect(await line.next("stopped")).toMatchObject({ attemptId: "a1" });
  expect(engine.freed).toBe(1);
});

test("a pause is kept over a restart, and ends by itself", async () => {
  const { stateFolder, stop, edge } = await startAgent();
  await edge.nextAgent();
  await tellAgent(stateFolder, { command: "pause", forMs: 86_400_000, isAtOnce: false });
  await stop();
  const again = await startAgent({ stateFolder });
  const { line } = await again.edge.nextAgent();
  expect(await line.next("ready")).toMatchObject({ freeSlots: 0 });
  await tellAgent(stateFolder, { command: "pause", forMs: 1, isAtOnce: false });
  await again.stop();
  const third = await startAgent({ stateFolder });
  expect(await (await third.edge.nextAgent()).line.next("ready")).toMatchObject({ freeSlots: 1 });
});

test("drained, it finishes and delivers what runs, then leaves", async () => {
  const { edge, engine, stateFolder, ended } = await startAgent();
  const { line } = await edge.nextAgent();
  line.send(anOffer(edge.url, "a1"));
  const run = await engine.runs.take();
  expect(await tellAgent(stateFolder, { command: "drain" })).toMatchObject({ isLeaving: true });
  run.finish();
  await line.next("completed");
  line.send({ type: "ack", attemptId: "a1", outcome: "recorded" });
  await line.next("bye");
  await ended;
});

test("asked to finish with nothing to do, it leaves at once", async () => {
  const { edge, finish, ended } = await startAgent();
  const { line } = await edge.nextAgent();
  await line.next("ready");
  finish();
  await line.next("bye");
  await expect(ended).resolves.toBeUndefined();
});

test("listens to its owner alone, and says nothing where no agent runs", async () => {
  const { stateFolder, edge } = await startAgent();
  await edge.nextAgent();
  await vi.waitFor(async () => expect((await stat(controlAddress(stateFolder))).mode & 0o777).toBe(0o600));
  expect(await tellAgent(await temporaryFolder(), { command: "status" })).toBeNull();
});

test("rests before a task fails on a box that is not fit, and says why", async () => {
  const { edge, engine } = await startAgent({ rest: { minFreeDiskBytes: 1e18, freeAfterMs: 0 } });
  const { line } = await edge.nextAgent();
  expect(await line.next("ready")).toMatchObject({ freeSlots: 0 });
  expect(await line.next("status")).toMatchObject({ status: { restingBecause: "less than 1000000 TB of disk is free" } });
  // Nothing has been drawn that could be in memory.
  expect(engine.freed).toBe(0);
});

test("offers only what its owner lets it, and turns the rest away", async () => {
  const { edge } = await startAgent({ limits: { maxPixels: 300_000, ownTasks: "first", refusedWords: ["猫"] } });
  const { line, hello } = await edge.nextAgent();
  expect(hello.capabilities).toMatchObject({ ownTasks: "first", models: [{ maxPixels: 300_000 }, { maxPixels: 300_000 }] });
  line.send(anOffer(edge.url, "a1", { width: 512, height: 512 }));
  expect(await line.next("rejected")).toMatchObject({ reason: "its owner does not draw what this asks for" });
  line.send(anOffer(edge.url, "a2", { prompt: "a dog" }));
  expect(await line.next("rejected")).toMatchObject({ reason: "its owner takes 300000 pixels at most" });
});

test("gives memory back after a while without a task", async () => {
  const { edge, engine } = await startAgent({ rest: { freeAfterMs: 0 } });
  const { line } = await edge.nextAgent();
  line.send(anOffer(edge.url, "a1"));
  (await engine.runs.take()).finish();
  await line.next("completed");
  await vi.waitFor(() => expect(engine.freed).toBe(1));
});

test("rests when its engine has lost the GPU, though it says that it is well; not when tasks fail", async () => {
  const { edge, engine } = await startAgent();
  const { line } = await edge.nextAgent();
  const untilAsked = async () => {
    while ((await line.next("ready")).freeSlots === 0);
  };
  const fail = async (attemptId: string, words: string) => {
    await untilAsked();
    line.send(anOffer(edge.url, attemptId));
    const run = await engine.runs.take();
    run.fail(new EngineError("INTERNAL", "the engine failed", { isRetryable: true, cause: new Error(words) }));
    await line.next("failed");
  };
  for (const attemptId of ["a1", "a2", "a3"]) await fail(attemptId, "shapes do not match");
  await fail("a4", "CUDA error: an illegal memory access was encountered");
  const reasons = await vi.waitUntil(() => {
    const told = line.inbox.seen.flatMap((message) => (message.type === "status" ? [message.status.restingBecause] : []));
    return told.some((because) => because !== undefined) ? told : null;
  });
  expect(reasons.filter((because) => because !== undefined)).toEqual(["its engine has lost the GPU: restart the engine"]);
});

test.skipIf(process.platform !== "linux")("can be stopped while it looks for GPUs with tools that hang", { timeout: 4_000 }, async () => {
  const tools = await temporaryFolder();
  for (const name of ["nvidia-smi", "rocm-smi"]) {
    await writeFile(join(tools, name), `#!/bin/sh\ntouch "${tools}/called"\nexec sleep 60\n`, { mode: 0o755 });
  }
  vi.stubEnv("PATH", `${tools}:${process.env["PATH"]}`);
  onTestFinished(() => void vi.unstubAllEnvs());
  const { stop } = await startAgent();
  await vi.waitFor(() => stat(join(tools, "called")));
  await expect(stop()).resolves.toBeUndefined();
});
