import { describe, expect, test } from "vitest";
import { anOffer } from "../builders.ts";
import { startAgent } from "../run-in-process.ts";
import { startFake } from "./fake-process.ts";
import { runTask, startEngine, withModels } from "./start-engine.ts";
import { aTask } from "./tasks.ts";

const MANY = { modelName: "stable-diffusion-v1-5", steps: 150, width: 64, height: 64 };

describe("a cancel from the edge stops that task in ComfyUI, within one step, and no other", () => {
  test.each([
    ["by the jobs API", []],
    ["on a server that has none", ["old"]],
  ])("%s", async (_, traits) => {
    const server = await startFake({ stepMs: 40, traits });
    const { engine } = startEngine(server.url);
    await withModels(engine);
    const { edge } = await startAgent({ slots: 2, otherEngine: engine });
    const { line } = await edge.nextAgent();
    line.send(anOffer(edge.url, "a1", MANY));
    await line.inbox.take((message) => message.type === "progress" && message.phase === "sampling");
    line.send(anOffer(edge.url, "a2", { ...MANY, steps: 2 }));
    line.send({ type: "cancel", attemptId: "a1" });
    expect(await line.next("stopped")).toEqual({ type: "stopped", attemptId: "a1" });
    const { steps, cancelledAfter, isInterrupted } = await server.finished.take();
    expect({ isInterrupted, more: steps - (cancelledAfter ?? 0) }).toEqual({ isInterrupted: true, more: 0 });
    expect(await line.next("completed")).toMatchObject({
      attemptId: "a2",
      servedBy: { engine: "comfyui", model: expect.stringContaining("v1-5") },
    });
    expect(await server.finished.take()).toMatchObject({ isInterrupted: false, steps: 2 });
  });
});

test("a task that waits behind another is taken out of the queue, and the other one goes on", async () => {
  const server = await startFake({ stepMs: 20 });
  const { engine } = startEngine(server.url);
  await withModels(engine);
  const first = await runTask(engine, aTask.textToImage({ steps: 60 }));
  const second = await runTask(engine, aTask.textToImage({ steps: 150 }));
  second.abort.abort(new Error("cancelled"));
  await expect(second.result).rejects.toThrow("cancelled");
  expect((await first.result).files).toHaveLength(1);
  expect(server.finished.seen).toMatchObject([{ steps: 60, isInterrupted: false }]);
});

test("a cancel that is lost on a node which never looks up ends as stopped all the same, and its result is dropped", async () => {
  const server = await startFake({ stepMs: 40 });
  const { engine } = startEngine(server.url, {}, { stuckMs: 50 });
  await withModels(engine);
  const run = await runTask(engine, aTask.textToImage({ prompt: "deaf", steps: 150 }));
  run.abort.abort(new Error("cancelled"));
  await expect(run.result).rejects.toThrow("cancelled");
  // It was still at work: whoever owns the server lets it finish.
  expect(server.finished.seen).toEqual([]);
});
