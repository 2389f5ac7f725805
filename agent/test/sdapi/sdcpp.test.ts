import type { FailureName } from "@star-graph/shared/agent-protocol";
import { expect, test, vi } from "vitest";
import { z } from "zod";
import { inspectMedia } from "../../src/engines/media/inspect.ts";
import { type Canned, startCanned } from "../comfyui/canned-server.ts";
import { runTask } from "../comfyui/start-engine.ts";
import { aTask } from "../comfyui/tasks.ts";
import { aPng, pngWithNotes } from "../pictures.ts";
import { startEngine } from "./start-engine.ts";

const CAPABILITIES = {
  model: { name: "v1-5-pruned-emaonly.safetensors", stem: "v1-5-pruned-emaonly", path: "/models/v1-5-pruned-emaonly.safetensors" },
  current_mode: "img_gen",
  supported_modes: ["img_gen"],
  samplers: ["euler", "euler_a", "dpm++2m"],
  schedulers: ["discrete", "karras"],
  limits: { min_width: 64, max_width: 4096, max_batch_count: 8, max_queue_size: 16 },
};
const ID = "job_6a1f_00000001";
const aJob = (status: string, more: object = {}) => ({
  id: ID,
  kind: "img_gen",
  status,
  queue_position: 0,
  result: null,
  error: null,
  ...more,
});
const picture = pngWithNotes(aPng(64, 64), "a stranger's prompt").toString("base64");
const done = aJob("completed", { result: { output_format: "png", images: [{ index: 0, b64_json: picture }] } });

/** As the server's `api.md` says. What a job is asked for next, the test changes. */
async function started(answers: { limits?: object; submit?: Canned; job?: Canned; cancel?: (asked: number) => Canned } = {}) {
  const now = { job: answers.job ?? { status: 200, body: done } };
  const bodies: unknown[] = [];
  let cancels = 0;
  const server = await startCanned(({ method, path, body }) => {
    if (path === "/sdcpp/v1/capabilities") return { status: 200, body: { ...CAPABILITIES, limits: answers.limits ?? CAPABILITIES.limits } };
    if (path === `/sdcpp/v1/jobs/${ID}/cancel`) return answers.cancel?.(++cancels) ?? { status: 409, body: { error: "running" } };
    if (path === `/sdcpp/v1/jobs/${ID}`) return now.job;
    if (method === "POST" && path === "/sdcpp/v1/img_gen") {
      bodies.push(JSON.parse(body));
      return answers.submit ?? { status: 202, body: { id: ID, kind: "img_gen", status: "queued", poll_url: `/sdcpp/v1/jobs/${ID}` } };
    }
    return { status: 404, body: {} };
  });
  return { now, bodies, requests: server.requests, ...(await startEngine(server.url)) };
}

test("the model that it was started with is offered, and a task becomes a job of its own API", async () => {
  const { engine, bodies } = await started();
  expect(engine.models()).toEqual([
    { name: "stable-diffusion-v1-5", types: ["TEXT2IMG", "IMG2IMG"], servedAs: "v1-5-pruned-emaonly.safetensors" },
  ]);
  const task = aTask.textToImage({ sampler: "euler_ancestral", scheduler: "karras" });
  const { files, servedBy } = await (await runTask(engine, task)).result;
  expect(bodies).toEqual([
    {
      prompt: "a cat",
      negative_prompt: "",
      width: 64,
      height: 64,
      seed: 1,
      batch_count: 1,
      sample_params: { sample_method: "euler_a", scheduler: "karras", sample_steps: 2, guidance: { txt_cfg: 7 } },
      embed_image_metadata: false,
      output_format: "png",
    },
  ]);
  expect(servedBy).toEqual({ engine: "sdapi", model: "v1-5-pruned-emaonly.safetensors" });
  const [{ content }] = files;
  expect("bytes" in content && Buffer.from(content.bytes).includes("stranger")).toBe(false);
  await (
    await runTask(engine, aTask.imageToImage())
  ).result;
  expect(bodies[1]).toMatchObject({ init_image: expect.stringMatching(/^iVBOR/), strength: 0.5 });
});

test("it draws multiples of 64: the sides that were ordered are cut out of those", async () => {
  const drawn = aPng(128, 64).toString("base64");
  const { engine, bodies } = await started({
    job: { status: 200, body: aJob("completed", { result: { images: [{ index: 0, b64_json: drawn }] } }) },
  });
  const sides = { width: 72, height: 64 };
  expect((await (await runTask(engine, aTask.textToImage(sides))).result).files).toMatchObject([sides]);
  expect((await (await runTask(engine, aTask.imageToImage(sides))).result).files).toMatchObject([sides]);
  expect(bodies).toMatchObject([
    { width: 128, height: 64 },
    { width: 128, height: 64 },
  ]);
  // It stretches what it begins from to 128 columns: the picture's own 64 of these 114 become the 72 that stay.
  const { init_image: begun } = z.object({ init_image: z.base64() }).parse(bodies[1]);
  expect(inspectMedia(Buffer.from(begun, "base64"))).toEqual({ format: "PNG", width: 114, height: 64 });
});

test("no more is offered and asked for than it takes", async () => {
  const { engine, bodies } = await started({ limits: { max_width: 128, max_height: 96 } });
  expect(engine.models()).toMatchObject([{ maxPixels: 128 * 96 }]);
  const { result } = await runTask(engine, aTask.textToImage({ width: 72, height: 128 }));
  await expect(result).rejects.toMatchObject({
    failure: "INTERNAL",
    isRetryable: true,
    message: expect.stringContaining("128x96 at most"),
  });
  expect(bodies).toEqual([]);
});

test("a job is followed to its end by asking", async () => {
  const { engine, now } = await started({ job: { status: 200, body: aJob("queued") } });
  const { progress, result } = await runTask(engine, aTask.textToImage());
  await vi.waitUntil(() => progress.length > 1);
  now.job = { status: 200, body: aJob("generating") };
  await vi.waitUntil(() => progress.some(({ phase, totalSteps }) => phase === "sampling" && totalSteps === 2));
  now.job = { status: 200, body: done };
  expect((await result).files).toHaveLength(1);
});

test("a cancelled job is waited for as long as the server goes on with it", async () => {
  const { engine, now, requests } = await started({ job: { status: 200, body: aJob("generating") } });
  const { result, abort, progress } = await runTask(engine, aTask.textToImage());
  await vi.waitUntil(() => progress.some(({ phase }) => phase === "sampling"));
  abort.abort();
  const isCancel = (request: string) => request.endsWith("/cancel");
  await vi.waitUntil(() => requests.filter(isCancel).length > 2);
  const [first] = requests.filter(isCancel);
  expect(first).toBe(`POST /sdcpp/v1/jobs/${ID}/cancel`);
  now.job = { status: 200, body: aJob("cancelled", { error: { code: "cancelled", message: "job cancelled by client" } }) };
  await expect(result).rejects.toThrow("somebody interrupted");
});

const failed = (message: string): Canned => ({ status: 200, body: aJob("failed", { error: { code: "generation_failed", message } }) });
test.each<[string, Parameters<typeof started>[0], FailureName, boolean]>([
  ["a full queue", { submit: { status: 429, body: { error: "job queue is full" } } }, "INTERNAL", true],
  ["parameters that it does not take", { submit: { status: 400, body: { error: "invalid generation parameters" } } }, "INTERNAL", false],
  ["a job that failed", { job: failed("generate_image returned no results") }, "INTERNAL", true],
  ["a job that had no memory", { job: failed("out of memory") }, "NO_GPU", true],
  ["a job that it has forgotten", { job: { status: 410, body: {} } }, "INTERNAL", true],
  ["a job that somebody cancelled", { job: { status: 200, body: aJob("cancelled") } }, "INTERNAL", true],
  ["a job that it makes no sense of", { job: { status: 200, body: { status: "odd" } } }, "INTERNAL", true],
])("%s", async (_, answers, failure, isRetryable) => {
  const { engine } = await started(answers);
  const { result } = await runTask(engine, aTask.textToImage());
  await expect(result).rejects.toMatchObject({ name: "EngineError", failure, isRetryable });
});
