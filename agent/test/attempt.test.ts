import { readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { tellAgent } from "../src/control/client.ts";
import { EngineError } from "../src/engines/engine.ts";
import { inspectMedia } from "../src/engines/media/inspect.ts";
import { anOffer } from "./builders.ts";
import { aPng } from "./pictures.ts";
import { startAgent } from "./run-in-process.ts";
import { MODEL, ScriptedEngine } from "./scripted-engine.ts";

const spooled = (stateFolder: string) => readdir(join(stateFolder, "spool"));

test("runs an offer: accepts, reports, uploads with digest and grant, completes, and forgets on ack", async () => {
  const { edge, engine, stateFolder } = await startAgent();
  const { line, hello } = await edge.nextAgent();
  expect(hello).toMatchObject({ protocol: 1, agent: { name: "box" }, running: [], finished: [] });
  expect(hello.capabilities.models.map(({ name, servedAs }) => ({ name, servedAs }))).toEqual([
    { name: MODEL, servedAs: undefined },
    { name: "mapped-model", servedAs: MODEL },
  ]);
  expect(await line.next("ready")).toMatchObject({ freeSlots: 1 });

  line.send(anOffer(edge.url, "a1", { modelName: "mapped-model" }));
  expect(await line.next("accepted")).toMatchObject({ attemptId: "a1" });
  expect(await line.next("ready")).toMatchObject({ freeSlots: 0 });
  const run = await engine.runs.take();
  run.step("loading", 0, 1);
  run.step("sampling", 1, 10);
  run.step("sampling", 2, 10);
  run.step("sampling", 10, 10);
  run.step("sampling", 9, 10);
  run.step("encoding", 0, 1);
  run.finish(["one", "two"], ["a note"]);
  const completed = await line.next("completed");
  expect(completed).toMatchObject({ attemptId: "a1", servedBy: { engine: "scripted", model: MODEL }, notes: ["a note"] });
  expect(completed.files.map(({ index }) => index)).toEqual([0, 1]);
  expect(await line.next("ready")).toMatchObject({ freeSlots: 1 });
  expect(edge.files.get("/up/a1/1")).toEqual({ bytes: Buffer.from("two"), contentType: "image/png" });
  expect(edge.files.get("/up/a1/0/thumbnail")).toEqual({ bytes: Buffer.from("thumbnail of one"), contentType: "image/webp" });

  const steps = line.inbox.seen.flatMap((message) =>
    message.type === "progress" ? [`${message.phase} ${message.step}/${message.totalSteps}`] : [],
  );
  // Step 2 and the first upload came within the coalescing interval and were overtaken; 9 after 10 went backwards.
  expect(steps).toEqual(["loading 0/1", "sampling 1/10", "sampling 10/10", "encoding 0/1", "uploading 0/2", "uploading 2/2"]);

  expect(await spooled(stateFolder)).toEqual(["a1.attempt"]);
  line.send({ type: "ack", attemptId: "a1", outcome: "recorded" });
  await vi.waitFor(async () => expect(await spooled(stateFolder)).toEqual([]));
});

test("says completed again until it is acknowledged", async () => {
  const { edge, engine } = await startAgent();
  const { line } = await edge.nextAgent();
  line.send(anOffer(edge.url, "a1"));
  (await engine.runs.take()).finish();
  const first = await line.next("completed");
  expect(await line.next("completed")).toEqual(first);
  expect(edge.puts.seen).toEqual(["200 /up/a1/0", "200 /up/a1/0/thumbnail"]);
});

test("rejects when all slots are busy, and an unknown model, with the reason", async () => {
  const { edge, engine } = await startAgent();
  const { line } = await edge.nextAgent();
  line.send(anOffer(edge.url, "a1"));
  await engine.runs.take();
  line.send(anOffer(edge.url, "a2"));
  expect(await line.next("rejected")).toEqual({ type: "rejected", attemptId: "a2", reason: "no free slot" });
  line.send(anOffer(edge.url, "a3", { modelName: "another" }));
  expect(await line.next("rejected")).toMatchObject({ attemptId: "a3", reason: "this agent does not offer another for TEXT2IMG" });
});

test("says of two engines what each offers and has free, and gives a task to the one with the memory for it", async () => {
  const ofMemory = (gigabytes: number) =>
    new ScriptedEngine([{ name: MODEL, types: ["TEXT2IMG"], maxPixels: 1024 ** 2, memoryBytes: gigabytes * 2 ** 30 }]);
  const large = ofMemory(24);
  const { edge } = await startAgent({ otherEngine: ofMemory(8), furtherEngines: [large] });
  const { line, hello } = await edge.nextAgent();
  expect(hello.capabilities.models.filter(({ name }) => name === MODEL)).toMatchObject([
    { engines: [0], memoryBytes: 8 * 2 ** 30 },
    { engines: [1], memoryBytes: 24 * 2 ** 30 },
  ]);
  expect(await line.next("ready")).toEqual({ type: "ready", freeSlots: 2, freeByEngine: [1, 1] });
  line.send({ ...anOffer(edge.url, "a1"), memoryBytes: 12 * 2 ** 30 });
  const run = await large.runs.take();
  expect(await line.next("ready")).toEqual({ type: "ready", freeSlots: 1, freeByEngine: [1, 0] });
  run.finish();
  // Between tasks it looks at the box, and asks for nothing.
  expect(await line.next("ready")).toEqual({ type: "ready", freeSlots: 0 });
  expect(await line.next("ready")).toEqual({ type: "ready", freeSlots: 2, freeByEngine: [1, 1] });
});

test("accepts the same offer twice and runs it once", async () => {
  const { edge, engine } = await startAgent({ slots: 2 });
  const { line } = await edge.nextAgent();
  line.send(anOffer(edge.url, "a1"));
  line.send(anOffer(edge.url, "a1"));
  await line.next("accepted");
  await line.next("accepted");
  (await engine.runs.take()).finish();
  await line.next("completed");
  line.send(anOffer(edge.url, "a1"));
  await line.next("accepted");
  await line.next("completed");
  expect(engine.runs.seen).toHaveLength(1);
});

test("cancels a running attempt and confirms once the engine has stopped; the other one goes on", async () => {
  const { edge, engine } = await startAgent({ slots: 2 });
  const { line } = await edge.nextAgent();
  line.send(anOffer(edge.url, "a1"));
  const first = await engine.runs.take();
  line.send(anOffer(edge.url, "a2"));
  const second = await engine.runs.take();
  line.send({ type: "cancel", attemptId: "a1" });
  await first.stopped;
  expect(await line.next("stopped")).toEqual({ type: "stopped", attemptId: "a1" });
  second.finish();
  expect(await line.next("completed")).toMatchObject({ attemptId: "a2" });
});

test("a cancelled attempt that is finished is deleted, an unknown one is confirmed just so", async () => {
  const { edge, engine, stateFolder } = await startAgent();
  const { line } = await edge.nextAgent();
  line.send(anOffer(edge.url, "a1"));
  (await engine.runs.take()).finish();
  await line.next("completed");
  line.send({ type: "cancel", attemptId: "a1" });
  expect(await line.next("stopped")).toMatchObject({ attemptId: "a1" });
  expect(await spooled(stateFolder)).toEqual([]);
  line.send({ type: "cancel", attemptId: "never-seen" });
  expect(await line.next("stopped")).toMatchObject({ attemptId: "never-seen" });
});

test("tells why the engine failed, and again until acknowledged", async () => {
  const { edge, engine, stateFolder } = await startAgent();
  const { line } = await edge.nextAgent();
  line.send(anOffer(edge.url, "a1"));
  (await engine.runs.take()).fail(new EngineError("MODEL_LOAD_FAILED", "no such file", { isRetryable: false }));
  const failed = await line.next("failed");
  expect(failed).toEqual({ type: "failed", attemptId: "a1", error: "MODEL_LOAD_FAILED", message: "no such file", retryable: false });
  expect(await line.next("failed")).toEqual(failed);
  line.send({ type: "ack", attemptId: "a1", outcome: "recorded" });
  line.send(anOffer(edge.url, "a2"));
  (await engine.runs.take()).fail(new Error("out of memory"));
  expect(await line.inbox.take((message) => message.type === "failed" && message.attemptId === "a2")).toMatchObject({
    error: "INTERNAL",
    retryable: true,
  });
  // A failure that the engine does not explain has the disk tried.
  await vi.waitFor(async () => expect(await spooled(stateFolder)).toEqual([]));
});

test("rests when results cannot be kept for whatever reason, shows no path of the machine, and works again once they can", async () => {
  const { edge, stateFolder, engine } = await startAgent();
  const { line } = await edge.nextAgent();
  const spool = join(stateFolder, "spool");
  await rm(spool, { recursive: true });
  await writeFile(spool, "a file where the folder should be");
  line.send(anOffer(edge.url, "a1"));
  expect(await line.next("failed")).toMatchObject({ message: "Something went wrong in the agent (ENOTDIR)", retryable: true });
  expect(await line.next("status")).toMatchObject({ status: { restingBecause: "its disk takes no more files" } });
  line.send({ type: "ack", attemptId: "a1", outcome: "recorded" });
  await rm(spool);
  expect(await tellAgent(stateFolder, { command: "resume" })).toMatchObject({ restingBecause: null });
  line.send(anOffer(edge.url, "a2"));
  (await engine.runs.take()).finish();
  expect(await line.next("completed")).toMatchObject({ attemptId: "a2" });
});

test("a result larger than the edge takes fails without an upload", async () => {
  const { edge, engine } = await startAgent();
  const { line } = await edge.nextAgent();
  line.send(anOffer(edge.url, "a1"));
  (await engine.runs.take()).finish(["x".repeat(1024 * 1024 + 1)]);
  expect(await line.next("failed")).toMatchObject({ error: "INTERNAL", retryable: false });
  expect(edge.puts.seen).toEqual([]);
});

test.each([
  ["by the edge", [500, 500]],
  ["by a box on the way", [{ byFirewall: 403 }, { byFirewall: 200 }]],
])("an upload that fails twice, answered %s, is tried again and completes", async (_, answers) => {
  const { edge, engine } = await startAgent();
  const { line } = await edge.nextAgent();
  edge.uploadAnswers = answers;
  line.send(anOffer(edge.url, "a1"));
  (await engine.runs.take()).finish();
  await line.next("completed");
  expect(edge.puts.seen).toHaveLength(4);
  expect([...edge.files.keys()]).toEqual(["/up/a1/0", "/up/a1/0/thumbnail"]);
});

test("an upload answered 403 is dropped without a word: the edge has given the attempt away", async () => {
  const { edge, engine, stateFolder, log } = await startAgent();
  const { line } = await edge.nextAgent();
  edge.uploadAnswers = [403];
  line.send(anOffer(edge.url, "a1"));
  (await engine.runs.take()).finish();
  await vi.waitFor(() => expect(log.events).toContain("result-dropped: The edge no longer wants this result: 403 the edge says 403"));
  await vi.waitFor(async () => expect(await spooled(stateFolder)).toEqual([]));
  expect(line.inbox.seen.map(({ type }) => type)).not.toContain("failed");
});

test.each([
  ["the edge takes, for good", 413, { message: "Upload refused: 413 the edge says 413", retryable: false }],
  [
    "a box on the way lets pass",
    { byFirewall: 413 },
    { message: "Upload refused: 413 from something that is not the edge", retryable: true },
  ],
])("a file larger than %s fails the attempt", async (_, answer, end) => {
  const { edge, engine } = await startAgent();
  const { line } = await edge.nextAgent();
  edge.uploadAnswers = [answer];
  line.send(anOffer(edge.url, "a1"));
  (await engine.runs.take()).finish();
  expect(await line.next("failed")).toMatchObject({ error: "INTERNAL", ...end });
});

test("drained, it asks for no more and finishes what runs", async () => {
  const { edge, engine } = await startAgent({ slots: 2 });
  const { line } = await edge.nextAgent();
  line.send(anOffer(edge.url, "a1"));
  const run = await engine.runs.take();
  line.send({ type: "drain" });
  await line.inbox.take((message) => message.type === "ready" && message.freeSlots === 0);
  line.send(anOffer(edge.url, "a2"));
  expect(await line.next("rejected")).toMatchObject({ attemptId: "a2" });
  run.finish();
  expect(await line.next("completed")).toMatchObject({ attemptId: "a1" });
});

test("previews go out while somebody looks, with the attempt's grant, and their loss costs nothing", async () => {
  const { edge, engine, log } = await startAgent();
  const { line } = await edge.nextAgent();
  line.send(anOffer(edge.url, "a1"));
  const run = await engine.runs.take();
  const drawn: number[] = [];
  const preview = (step: number) => async () => {
    drawn.push(step);
    return aPng(800, 400);
  };
  run.step("sampling", 1, 10, preview(1));
  run.step("sampling", 2, 10, preview(2));
  edge.previewAnswer = 503;
  line.send({ type: "watch", attemptId: "a1", watching: true });
  const { path, bytes, contentType } = await edge.previews.take();
  expect({ path, contentType, drawn }).toEqual({ path: "/agent/v1/attempts/a1/preview", contentType: "image/webp", drawn: [2] });
  expect(inspectMedia(bytes)).toEqual({ format: "WEBP", width: 256, height: 128 });
  await vi.waitFor(() => expect(log.events).toContain("preview-lost: A preview was not shown: the edge answered 503"));
  line.send({ type: "watch", attemptId: "a1", watching: false });
  run.step("sampling", 3, 10, preview(3));
  run.finish();
  expect(await line.next("completed")).toMatchObject({ attemptId: "a1" });
  expect(drawn).toEqual([2]);
});
