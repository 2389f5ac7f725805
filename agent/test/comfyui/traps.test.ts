import { describe, expect, onTestFinished, test } from "vitest";
import { ComfyClient } from "../../src/engines/comfyui/client.ts";
import { parseJobEvent, parseSentPicture } from "../../src/engines/comfyui/events.ts";
import { executionFailure, refusalOf } from "../../src/engines/comfyui/failures.ts";
import { parseHistory } from "../../src/engines/comfyui/history.ts";
import { type Job, judgeJob, newJob, onJobEvent, onJobPicture } from "../../src/engines/comfyui/job.ts";
import { choicesOf, parseObjectInfo } from "../../src/engines/comfyui/object-info.ts";
import { OutputFiles } from "../../src/engines/comfyui/outputs.ts";
import { problemsOf } from "../../src/engines/comfyui/validate-graph.ts";
import type { EngineProgress } from "../../src/engines/engine.ts";
import { cleanMedia } from "../../src/engines/media/to-file.ts";
import { anMp4, aPng, aJpeg, pngWithNotes } from "../pictures.ts";
import { startCanned } from "./canned-server.ts";
import { startFake } from "./fake-process.ts";
import { recordedObjectInfo, runTask, SECRET, startEngine, startReplay, until, withModels } from "./start-engine.ts";
import { aTask } from "./tasks.ts";
import { readJson, readTranscript } from "./transcript.ts";

/*
 * What a ComfyUI does that an agent must know, by the number it has in the notes that came with the recordings. Whole scenarios
 * are in `replay.test.ts`, refused graphs in `http.test.ts`.
 */

const ID = "8cfe8442-70ba-4d6f-924f-e4a3171a7e1c";
const GRAPH = {
  1: { class_type: "CheckpointLoaderSimple", inputs: {} },
  4: { class_type: "EmptyLatentImage", inputs: { batch_size: 1 } },
  5: { class_type: "KSampler", inputs: { steps: 4, latent_image: ["4", 0] } },
  6: { class_type: "VAEDecode", inputs: {} },
  7: { class_type: "SaveImage", inputs: {} },
};
const CLASSES = parseObjectInfo(recordedObjectInfo());

/** A job that has been told these things. */
function jobTold(graph: Job["graph"], ...messages: [string, object?][]): { job: Job; reports: EngineProgress[]; isOver: boolean } {
  let job = newJob(graph);
  const reports: EngineProgress[] = [];
  let isOver = false;
  for (const [type, data] of messages) {
    const event = parseJobEvent(JSON.stringify({ type, data: { ...data, prompt_id: ID } }));
    if (!event) throw new Error(`no event ${type}`);
    const told = onJobEvent(job, event);
    job = told.job;
    for (const effect of told.effects) {
      if (effect.kind === "over") isOver = true;
      else reports.push(effect.progress);
    }
  }
  return { job, reports, isOver };
}

const steps = (reports: readonly EngineProgress[]) => reports.map(({ phase, step, totalSteps }) => `${phase} ${step}/${totalSteps}`);
const aHistory = (status: object, outputs: object = {}) => ({ [ID]: { outputs, status } });

describe("ending", () => {
  test("1: success is told before the history has it, so only the end of execution counts", () => {
    expect(jobTold(GRAPH, ["execution_success"]).isOver).toBe(false);
    expect(jobTold(GRAPH, ["execution_success"], ["executing", { node: null }]).isOver).toBe(true);
  });

  test("2: over is not well: an interrupt is an error to the history, and only its messages tell", () => {
    const { job } = jobTold(GRAPH, ["executing", { node: null }]);
    const interrupted = aHistory({ status_str: "error", completed: false, messages: [["execution_interrupted", { prompt_id: ID }]] });
    expect(judgeJob(job, parseHistory(interrupted, ID), false)).toEqual({ kind: "interrupted" });
    const failed = aHistory({
      status_str: "error",
      messages: [["execution_error", { node_type: "KSampler", exception_type: "RuntimeError" }]],
    });
    expect(judgeJob(job, parseHistory(failed, ID), false)).toMatchObject({ kind: "failed", failure: { nodeType: "KSampler" } });
    expect(judgeJob(job, parseHistory(aHistory({ status_str: "success" }), ID), false)).toMatchObject({ kind: "succeeded" });
  });

  test("3: an empty history says nothing: the queue tells a job that waits or runs from one that is lost, else what was told counts", () => {
    const { job } = jobTold(GRAPH, ["execution_start"]);
    expect(judgeJob(job, parseHistory({}, ID), true)).toBeNull();
    expect(judgeJob(job, parseHistory({}, ID), false)).toEqual({ kind: "lost" });
    const told = jobTold(GRAPH, ["executed", { node: "7", output: { images: [{ filename: "a.png" }] } }], ["execution_success"]).job;
    expect(judgeJob(told, null, false)).toMatchObject({ kind: "succeeded", outputs: new Map([["7", [{ filename: "a.png" }]]]) });
    const failed = jobTold(GRAPH, ["execution_error", { node_type: "KSampler", exception_type: "RuntimeError" }]).job;
    expect(judgeJob(failed, null, false)).toMatchObject({ kind: "failed", failure: { nodeType: "KSampler" } });
    expect(judgeJob(jobTold(GRAPH, ["execution_interrupted", {}]).job, null, false)).toEqual({ kind: "interrupted" });
  });
});

describe("accepted but not right", () => {
  test("4: one of two outputs wrong is answered 200, and the rest runs: it is cancelled and fails", async () => {
    const { body } = readJson("errors/one_of_two_outputs_invalid_is_still_200.json") as { body: object };
    const server = await startReplay();
    const { engine } = startEngine(server.url);
    await withModels(engine);
    const { result } = await runTask(engine, aTask.textToImage());
    (await server.posts.take()).answer(200, body);
    await expect(result).rejects.toMatchObject({ failure: "INTERNAL", isRetryable: false });
    await until(() => server.requests.some((request) => /^POST \/api\/jobs\/[^/]+\/cancel$/.test(request)));
  });

  test("5: fractions and texts would become whole numbers without a word: such a graph is not sent", () => {
    const { request } = readJson("errors/float_for_int_and_numeric_string.json") as { request: { prompt: Job["graph"] } };
    expect(problemsOf(request.prompt, CLASSES).map(({ input, kind }) => `${input} ${kind}`)).toEqual([
      "seed wrong-type",
      "steps wrong-type",
    ]);
  });

  test("6: no seed below 0 is sent, and those up to the largest whole number of JSON arrive as they are", async () => {
    const server = await startReplay();
    const { engine } = startEngine(server.url);
    await withModels(engine);
    await runTask(engine, aTask.textToImage({ seed: Number.MAX_SAFE_INTEGER }));
    const { graph } = await server.posts.take();
    expect(Object.values(graph).flatMap(({ inputs }) => inputs["seed"] ?? [])).toEqual([9_007_199_254_740_991]);
    expect(() => aTask.textToImage({ seed: -1 })).toThrow("seed");
  });

  test("7: what a file is good for comes from the table or the owner, never from the list of files", async () => {
    const server = await startReplay();
    const { engine } = startEngine(server.url, { models: [{ name: "mine", family: "sdxl", file: "sd_xl_base_1.0.safetensors" }] });
    await withModels(engine);
    const ofSvd = engine.models().filter(({ servedAs }) => servedAs === "svd.safetensors");
    expect(ofSvd.map(({ types }) => types)).toEqual([["TEXT2VIDEO"], ["IMG2VIDEO"]]);
    expect(engine.models()[0]).toMatchObject({ name: "mine", types: ["TEXT2IMG", "IMG2IMG"], memoryBytes: 25_276_514_304 });
  });

  test("7: a model whose file has gone since the task was taken is not stood in for by another", async () => {
    const server = await startReplay();
    const { engine } = startEngine(server.url);
    await withModels(engine);
    const { result } = await runTask(engine, aTask.textToImage({ modelName: "gone-since" }));
    await expect(result).rejects.toMatchObject({ failure: "MODEL_LOAD_FAILED", isRetryable: true });
    expect(server.posts.seen).toEqual([]);
  });
});

describe("errors", () => {
  test("8: what is refused is told by the input, for a long list names no values", () => {
    const { status, body } = readJson("errors/bad_sampler_and_scheduler.json") as { status: number; body: unknown };
    const { message, cause } = refusalOf(status, body);
    expect(message).toBe("ComfyUI refused the graph (KSampler, sampler_name)");
    // For the owner's log.
    expect(String(cause)).toContain("list of length 44");
    const graph = { ...GRAPH, 5: { class_type: "KSampler", inputs: { sampler_name: "euler_b", scheduler: "never" } } };
    const wrong = problemsOf(graph, CLASSES).filter(({ kind }) => kind === "not-in-list");
    expect(wrong.map(({ input }) => input)).toEqual(["sampler_name", "scheduler"]);
  });

  test.each([
    ["missing_node_class", "ComfyUI lacks a node that this task needs"],
    ["image_not_uploaded", "ComfyUI does not find the input picture"],
    ["link_to_absent_node", /^ComfyUI refused the graph/],
  ])("9: %s has its own meaning", (name, words) => {
    const { status, body } = readJson(`errors/${name}.json`) as { status: number; body: unknown };
    expect(refusalOf(status, body).message).toMatch(words);
  });

  test("10: the words of an exception hold paths and tensors: none is passed on, and memory is told by either kind", () => {
    const failures = [
      "torch.OutOfMemoryError: x",
      "RuntimeError: [enforce fail] can't allocate memory",
      "RuntimeError: CUDA error: out of memory",
    ];
    for (const text of failures) {
      const [exceptionType = "", ...rest] = text.split(": ");
      const error = executionFailure({ nodeType: "KSampler", exceptionType, exceptionMessage: rest.join(": ") });
      expect({ failure: error.failure, isRetryable: error.isRetryable, message: error.message }).toEqual({
        failure: "NO_GPU",
        isRetryable: true,
        message: "this GPU has not enough memory for the task",
      });
    }
    const other = executionFailure({
      nodeType: "VAEDecode",
      exceptionType: "ValueError",
      exceptionMessage: "at BASE/models/x: tensor([1])",
    });
    expect(other.message).toBe("ComfyUI failed in VAEDecode");
    // For the owner's log.
    expect(String(other.cause)).toContain("BASE/models/x");
  });

  test("10: what filled the memory may be an earlier job's model: it is given back", async () => {
    const server = await startReplay();
    const { engine } = startEngine(server.url);
    await withModels(engine);
    const { result } = await runTask(engine, aTask.textToImage());
    const { job } = await server.nextJob();
    job.played({ type: "execution_error", data: { node_type: "KSampler", exception_type: "torch.OutOfMemoryError" } });
    job.endWell();
    await expect(result).rejects.toMatchObject({ failure: "NO_GPU" });
    await until(() => server.requests.some((request) => request.startsWith("POST /free ") && request.includes("unload_models")));
  });

  test("11: a crash gives no message: the job fails for another try once nothing answers, and nothing more is offered", async () => {
    const server = await startFake();
    // That its line is down takes no models away for a while.
    const { engine } = startEngine(server.url, {}, { withdrawMs: 60_000 });
    await withModels(engine);
    const { result } = await runTask(engine, aTask.textToImage({ prompt: "crash", steps: 9 }));
    await expect(result).rejects.toMatchObject({ message: "ComfyUI is gone", isRetryable: true });
    expect(engine.models()).toEqual([]);
    expect(await engine.health()).toMatchObject({ isReady: false, reason: expect.stringContaining("does not answer") });
    await expect((await runTask(engine, aTask.textToImage())).result).rejects.toMatchObject({
      failure: "MODEL_LOAD_FAILED",
      isRetryable: true,
    });
  });
});

describe("cancelling", () => {
  test("12: the answer to a cancel says nothing: a node that looks up late is stopped all the same", async () => {
    const server = await startFake({ stepMs: 10, traits: ["old"] });
    const { engine } = startEngine(server.url);
    await withModels(engine);
    const run = await runTask(engine, aTask.textToImage({ prompt: "deaf", steps: 100 }));
    await until(() => run.progress.some(({ phase }) => phase === "sampling"));
    run.abort.abort(new Error("cancelled"));
    await expect(run.result).rejects.toThrow("cancelled");
    expect(server.finished.seen).toMatchObject([{ isInterrupted: true }]);
  });

  test("12: one that has no effect at all is repeated", async () => {
    const server = await startReplay();
    const { engine } = startEngine(server.url, {}, { stuckMs: 3_600_000 });
    await withModels(engine);
    const run = await runTask(engine, aTask.textToImage());
    const { job, body } = await server.nextJob();
    run.abort.abort(new Error("cancelled"));
    const cancel = `POST /api/jobs/${body.prompt_id}/cancel`;
    await until(() => server.requests.filter((request) => request === cancel).length > 2);
    job.drop();
    await expect(run.result).rejects.toThrow("cancelled");
  });

  test("13: an interrupt without an id would stop whoever's job runs: none is ever sent, and none while ours does not run", async () => {
    const server = await startReplay({ hasJobsApi: false });
    const { engine } = startEngine(server.url);
    await withModels(engine);
    const run = await runTask(engine, aTask.upscale());
    const playing = server.play(readTranscript("cancel_while_queued").slice(0, 3));
    await server.posts.take().then(({ answer, body }) => answer(200, { prompt_id: body.prompt_id, node_errors: {} }));
    run.abort.abort(new Error("cancelled"));
    await expect(run.result).rejects.toThrow("cancelled");
    expect(server.requests.filter((request) => request.startsWith("POST /interrupt"))).toEqual([]);
    expect(server.requests.filter((request) => request.startsWith("POST /queue")).length).toBeGreaterThan(0);
    void playing;
  });

  test("14: during the last node an interrupt is lost and the job ends well: cancelled it is all the same", async () => {
    const server = await startReplay({ width: 256, height: 256 });
    const { engine } = startEngine(server.url);
    await withModels(engine);
    const run = await runTask(engine, aTask.upscale());
    const { graph, body, answer } = await server.posts.take();
    run.abort.abort(new Error("cancelled"));
    server.finish(body.prompt_id, graph, {});
    answer(200, { prompt_id: body.prompt_id, node_errors: {} });
    await expect(run.result).rejects.toThrow("cancelled");
    expect(server.requests.filter((request) => request.startsWith("GET /view"))).toEqual([]);
  });
});

describe("connection", () => {
  test("15: after a reconnect a message may say no job: it tells nothing", () => {
    const [said] = readTranscript("disconnect_then_reconnect_same_client_id").filter(
      ({ message }) => message?.type === "executing" && !message.data?.["prompt_id"],
    );
    expect(said?.message).toMatchObject({ data: { node: "2" } });
    expect(parseJobEvent(JSON.stringify(said?.message))).toBeNull();
  });

  test("15: what was said while the line was down is asked for as soon as it is back", async () => {
    const server = await startReplay();
    // Nothing else would ask within the time that a test has.
    const { engine } = startEngine(server.url, {}, { pollMs: 3_600_000, withdrawMs: 3_600_000 });
    await withModels(engine);
    const { result, progress } = await runTask(engine, aTask.textToImage());
    const { job, body } = await server.nextJob();
    const sampler = Object.keys(job.graph).find((id) => job.graph[id]?.class_type === "KSampler");
    server.say({ type: "progress", data: { prompt_id: body.prompt_id, node: sampler, value: 1, max: 2 } });
    await until(() => progress.some(({ phase }) => phase === "sampling"));
    await server.stop();
    job.endWell();
    await server.listen();
    expect((await result).files).toHaveLength(1);
  });

  test("16: each line has a name of its own, unless a job is open under the old one", async () => {
    const server = await startReplay();
    const { engine } = startEngine(server.url);
    await withModels(engine);
    await server.stop();
    await server.listen();
    await until(() => server.openNames.length === 2);
    expect(new Set(server.openNames).size).toBe(2);

    const other = await startReplay({ width: 256, height: 256 });
    const { engine: busy } = startEngine(other.url);
    await withModels(busy);
    const { result } = await runTask(busy, aTask.upscale());
    await other.play(readTranscript("disconnect_then_reconnect_same_client_id"));
    await result;
    expect(other.openNames).toEqual([other.openNames[0], other.openNames[0]]);
  });

  test("17: a server that answers no ping is taken for gone, though its socket is open", async () => {
    const server = await startReplay();
    server.answersPings = false;
    const { engine } = startEngine(server.url, {}, { pingMs: 30 });
    await withModels(engine);
    await until(() => server.openNames.length > 2);
    expect(engine.models().length).toBeGreaterThan(0);
  });

  test("18: every job is sent with the name of our line; what is said of others' is nothing to us", async () => {
    const { job, reports } = jobTold(GRAPH);
    expect({ reports, told: job.told }).toEqual({ reports: [], told: null });
    expect(parseJobEvent('{"type":"status","data":{"status":{"exec_info":{"queue_remaining":3}}}}')).toBeNull();
    const server = await startReplay();
    const { engine } = startEngine(server.url);
    await withModels(engine);
    await runTask(engine, aTask.textToImage());
    const { body } = await server.posts.take();
    expect(server.openNames).toContain(body.client_id);
  });

  test("19: a restarted server has neither queue nor history: the job is lost, and for another try", async () => {
    const server = await startReplay();
    const { engine } = startEngine(server.url, {}, { goneMs: 60_000 });
    await withModels(engine);
    const { result } = await runTask(engine, aTask.upscale());
    await server.play(readTranscript("server_killed_mid_job"));
    await server.listen();
    await expect(result).rejects.toMatchObject({ failure: "INTERNAL", isRetryable: true, message: "ComfyUI restarted and lost the task" });
    await withModels(engine);
  });

  test("19: what it answers about such a job means that it is lost (server_restarted_after_kill)", async () => {
    const rows = readTranscript("server_restarted_after_kill").filter(({ http }) => http !== undefined);
    const id =
      rows
        .find(({ http }) => http?.startsWith("GET /history/"))
        ?.http?.split("/")
        .at(-1) ?? "";
    const server = await startCanned(({ method, path }) => {
      const row = rows.find(({ http }) => http === `${method} ${path}`);
      return { status: row?.status ?? 500, body: row?.body };
    });
    const client = new ComfyClient(server.url);
    onTestFinished(() => client.close());
    const { job } = jobTold(GRAPH, ["execution_start"]);
    const { running, waiting } = await client.queue();
    expect(judgeJob(job, await client.history(id), [...running, ...waiting].includes(id))).toEqual({ kind: "lost" });
  });
});

describe("progress", () => {
  test("20: each node counts from the start, and loads count nothing: phases go on, never back", () => {
    const node = (id: string | null): [string, object] => ["executing", { node: id }];
    const at = (id: string, value: number, max: number): [string, object] => ["progress", { node: id, value, max }];
    const told = jobTold(
      GRAPH,
      ["execution_cached", { nodes: ["1"] }],
      node("4"),
      node("5"),
      at("5", 1, 4),
      at("5", 4, 8),
      at("5", 1, 4),
      at("5", 4, 4),
      node("6"),
      node("7"),
      node(null),
    );
    expect(steps(told.reports)).toEqual([
      "loading 1/4",
      "sampling 0/4",
      "sampling 1/4",
      "sampling 2/4",
      "encoding 2/4",
      "encoding 3/4",
      "encoding 4/4",
    ]);
  });

  test("20: several samplers are weighed by their frames, and an owner's node that nobody foresaw counts too", () => {
    const two = {
      4: { class_type: "EmptyLatentImage", inputs: { batch_size: 1 } },
      5: { class_type: "KSampler", inputs: { steps: 10, latent_image: ["4", 0] } },
      21: { class_type: "SVD_img2vid_Conditioning", inputs: { video_frames: 14 } },
      23: { class_type: "KSampler", inputs: { steps: 10, latent_image: ["21", 2] } },
    };
    const told = jobTold(
      two,
      ["executing", { node: "5" }],
      ["progress", { node: "5", value: 10, max: 10 }],
      ["executing", { node: "23" }],
      ["progress", { node: "23", value: 5, max: 10 }],
    );
    expect(steps(told.reports)).toEqual(["sampling 0/10", "sampling 5/10"]);
    const own = { 2: { class_type: "OwnNode", inputs: {} } };
    expect(steps(jobTold(own, ["progress", { node: "2", value: 3, max: 12 }]).reports)).toEqual(["sampling 3/12"]);
  });

  test("20: the steps that are told are those that were ordered, however many pictures or frames each of them draws", () => {
    const batch = {
      4: { class_type: "EmptyLatentImage", inputs: { batch_size: 4 } },
      5: { class_type: "KSampler", inputs: { steps: 20, latent_image: ["4", 0] } },
    };
    expect(steps(jobTold(batch, ["progress", { node: "5", value: 7, max: 20 }]).reports)).toEqual(["sampling 7/20"]);
    const scheduled = {
      1: { class_type: "EmptyLTXVLatentVideo", inputs: { length: 97 } },
      2: { class_type: "LTXVScheduler", inputs: { steps: 30 } },
      3: { class_type: "SamplerCustom", inputs: { latent_image: ["1", 0], sigmas: ["2", 0] } },
    };
    expect(steps(jobTold(scheduled, ["progress", { node: "3", value: 15, max: 30 }]).reports)).toEqual(["sampling 15/30"]);
  });

  test("20: a graph that is all cached has neither nodes at work nor steps, and is done at once", () => {
    expect(steps(jobTold(GRAPH, ["execution_cached", { nodes: Object.keys(GRAPH) }]).reports)).toEqual(["encoding 4/4"]);
  });
});

describe("files", () => {
  test("21: files are named by the job, so that an output node always runs", async () => {
    const server = await startReplay();
    const { engine } = startEngine(server.url);
    await withModels(engine);
    await runTask(engine, aTask.textToImage());
    const { graph, body } = await server.posts.take();
    expect(Object.values(graph).flatMap(({ inputs }) => inputs["filename_prefix"] ?? [])).toEqual([`stargraph/${body.prompt_id}`]);
  });

  test("22: a video stands under images; others' nodes have gifs or videos: all are files", () => {
    const file = { filename: "a.mp4", subfolder: "s", type: "output" };
    for (const key of ["images", "gifs", "videos"]) expect(OutputFiles.parse({ [key]: [file], animated: [true] })).toEqual([file]);
    expect(OutputFiles.parse({ text: ["words"], ui: { x: 1 } })).toEqual([]);
  });

  test("23: PNG and MP4 carry the graph, prompts included: taken out", () => {
    for (const noted of [pngWithNotes(aPng(8, 8), SECRET), anMp4(8, 8, SECRET)]) {
      expect(noted.includes(SECRET)).toBe(true);
      expect(Buffer.from(cleanMedia(noted)?.bytes ?? []).includes(SECRET)).toBe(false);
    }
  });

  test("24: a file is asked for by name, folder and kind as they were given", async () => {
    const server = await startReplay();
    const { engine } = startEngine(server.url);
    await withModels(engine);
    const { result } = await runTask(engine, aTask.upscale());
    const { graph, body, answer } = await server.posts.take();
    const save = Object.keys(graph).find((id) => graph[id]?.class_type === "SaveImage") ?? "";
    server.finish(body.prompt_id, graph, { [save]: { images: [{ filename: "a b.png", subfolder: "x/y", type: "temp" }] } });
    answer(200, { prompt_id: body.prompt_id, node_errors: {} });
    await result.catch(() => {});
    expect(server.requests).toContain("GET /view?filename=a+b.png&subfolder=x%2Fy&type=temp");
  });

  test("25: an input is named by its content, without its notes, below a folder of our own", async () => {
    const server = await startReplay();
    const { engine } = startEngine(server.url);
    await withModels(engine);
    for (const picture of [aPng(64, 64), pngWithNotes(aPng(64, 64), SECRET), aJpeg(64, 64)])
      await runTask(engine, aTask.upscale(), picture);
    const loaded: unknown[] = [];
    for (let sent = 0; sent < 3; sent++) {
      const { graph } = await server.posts.take();
      loaded.push(...Object.values(graph).flatMap(({ class_type: name, inputs }) => (name === "LoadImage" ? [inputs["image"]] : [])));
    }
    expect(new Set(loaded).size).toBe(2);
    for (const name of loaded) expect(name).toMatch(/^stargraph\/[0-9a-f]{32}\.(png|jpg)$/);
  });

  test("26: choices come in two forms, and new files show without a restart (model_file_added_while_running)", async () => {
    expect(choicesOf(CLASSES, "UpscaleModelLoader", "model_name")).toEqual(["RealESRGAN_x2plus.pth", "RealESRGAN_x4plus.pth"]);
    expect(choicesOf(CLASSES, "ControlNetLoader", "control_net_name")).toHaveLength(3);
    const [listed, described] = readTranscript("model_file_added_while_running").filter(({ http }) => http);
    const added = choicesOf(parseObjectInfo(described?.body), "CheckpointLoaderSimple", "ckpt_name");
    expect(added).toEqual(listed?.body);
    expect(added.filter((file) => !choicesOf(CLASSES, "CheckpointLoaderSimple", "ckpt_name").includes(file))).toEqual([
      "broken.safetensors",
    ]);
    const info = structuredClone(recordedObjectInfo()) as Record<string, { input: { required: Record<string, unknown[]> } }>;
    const server = await startReplay({ objectInfo: info });
    const { engine } = startEngine(server.url);
    await withModels(engine);
    const loader = info["UpscaleModelLoader"]?.input.required;
    if (loader) loader["model_name"] = ["COMBO", { options: [] }];
    server.files = "changed";
    await until(() => !engine.models().some(({ name }) => name === "RealESRGAN"));
    expect(engine.models().length).toBeGreaterThan(0);
  });
});

describe("pictures on the socket", () => {
  test("say whose they are, because a line's first message asks for that", async () => {
    const server = await startReplay();
    await withModels(startEngine(server.url).engine);
    await until(() => server.firstMessages.length > 0);
    expect(server.firstMessages).toEqual([{ type: "feature_flags", data: { supports_preview_metadata: true } }]);
  });

  const frame = (...numbers: number[]) =>
    Buffer.concat([...numbers.map((number) => Buffer.from([0, 0, 0, number])), Buffer.from("picture")]);

  test("come in two forms, of which one says whose it is; others are ignored", () => {
    expect(parseSentPicture(frame(1, 2))).toEqual({ promptId: null, bytes: Buffer.from("picture") });
    const metadata = Buffer.from(JSON.stringify({ prompt_id: ID, image_type: "image/jpeg" }));
    const head = Buffer.from([0, 0, 0, 4, 0, 0, 0, metadata.length]);
    expect(parseSentPicture(Buffer.concat([head, metadata, Buffer.from("picture")]))).toEqual({
      promptId: ID,
      bytes: Buffer.from("picture"),
    });
    for (const odd of [frame(3, 0), Buffer.alloc(3), Buffer.from([0, 0, 0, 4, 255, 0, 0, 0])]) expect(parseSentPicture(odd)).toBeNull();
  });

  test("are results where a node at work sends results so, and previews otherwise", async () => {
    const graph = { ...GRAPH, 8: { class_type: "SaveImageWebsocket", inputs: {} } };
    const preview = onJobPicture(jobTold(graph, ["executing", { node: "5" }]).job, Buffer.from("picture"));
    expect(preview.job.sent).toEqual([]);
    const [effect] = preview.effects;
    expect(effect?.kind === "report" && Buffer.from((await effect.progress.preview?.()) ?? [])).toEqual(Buffer.from("picture"));
    const result = onJobPicture(jobTold(graph, ["executing", { node: "8" }]).job, Buffer.from("picture"));
    expect({ effects: result.effects, sent: result.job.sent.length }).toEqual({ effects: [], sent: 1 });
  });
});
