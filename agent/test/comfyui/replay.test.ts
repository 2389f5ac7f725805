import type { EngineTask } from "@star-graph/shared/rest/generate";
import type { FailureName } from "@star-graph/shared/agent-protocol";
import { describe, expect, test } from "vitest";
import { EngineError, type EngineProgress } from "../../src/engines/engine.ts";
import { aPng } from "../pictures.ts";
import type { ReplayOptions } from "./replay-server.ts";
import { recordedObjectInfo, runTask, SECRET, startEngine, startReplay, until, withModels } from "./start-engine.ts";
import { aTask } from "./tasks.ts";
import { GRAPHS, readJson, readTranscript, recordedJobs, type Row, TRANSCRIPTS } from "./transcript.ts";

type End = { files: number } | { failure: FailureName; isRetryable: boolean; says: RegExp } | "stopped";

interface Scenario {
  task: EngineTask;
  /** One for each job of the recording, or one for all. */
  ends: End | readonly End[];
  picture?: Buffer;
  settings?: object;
  server?: Partial<ReplayOptions> & { width?: number; height?: number };
  /** Whether a job is sent when the one before has ended, or as soon as that was sent. */
  isSequence?: boolean;
  /** The recorded graph, where it was kept under another scenario's name. */
  graph?: string;
  /** Sent under the recording's own graph, as an owner's workflow. */
  isWorkflow?: boolean;
}

const ONE: End = { files: 1 };
const fails = (failure: FailureName, isRetryable: boolean, says: RegExp): End => ({ failure, isRetryable, says });
const textToImage: Scenario = { task: aTask.textToImage(), ends: ONE };
const alike = { ...textToImage, graph: "text2img_sd15_cold" };
const upscale = { task: aTask.upscale(), server: { width: 256, height: 256 } };
const video = { task: aTask.imageToVideo(), ends: ONE };
const xl = aTask.textToImage({ modelName: "stable-diffusion-xl-base-1.0" });
const BLACK = aPng(1, 1);
const lost = fails("INTERNAL", true, /lost the task|is gone/);

/** What the agent must make of each recorded scenario. */
const SCENARIOS: Readonly<Record<string, Scenario>> = {
  text2img_sd15_cold: textToImage,
  text2img_sd15_other_seed: textToImage,
  text2img_sd15_same_again: textToImage,
  text2img_sd15_previews_metadata: textToImage,
  text2img_sd15_previews_off: { ...textToImage, settings: { previews: false } },
  text2img_sd15_batch2_odd_size: {
    task: aTask.textToImage({ width: 104, height: 72, batchSize: 2 }),
    ends: fails("INTERNAL", false, /made 96x64 where 104x72 was ordered/),
    server: { width: 96, height: 64 },
  },
  text2img_sdxl_cold: { task: xl, ends: ONE },
  text2img_sdxl_other_seed: { task: xl, ends: ONE },
  img2img_sd15: { task: aTask.imageToImage(), ends: ONE },
  pose_canny: { task: aTask.pose(), ends: ONE },
  pose_openpose_ready_made_hint: { task: aTask.pose({ controlType: "openpose" }), ends: ONE, picture: BLACK },
  sd15_controlnet_on_sdxl: {
    task: aTask.pose(),
    ends: fails("MODEL_LOAD_FAILED", true, /do not go together/),
    settings: { models: [{ name: "stable-diffusion-v1-5", family: "sd15", file: "sd_xl_base_1.0.safetensors" }] },
  },
  upscale_x2: { task: aTask.upscale({ scaleFactor: 2 }), ends: ONE, server: { width: 128, height: 128 } },
  upscale_x4: { ...upscale, ends: ONE },
  input_in_subfolder: { ...upscale, ends: ONE },
  input_taken_from_output_folder: { ...upscale, ends: ONE },
  result_over_websocket: { task: aTask.upscale(), ends: ONE, server: { width: 256, height: 256 }, isWorkflow: true },
  img2video_svd_cold: video,
  img2video_svd_other_seed: video,
  img2video_svd_webm: { ...video, ends: fails("INTERNAL", false, /of a kind that cannot be handed out/), isWorkflow: true },
  img2video_svd_webp: { ...video, ends: fails("INTERNAL", false, /a picture where an MP4 was ordered/), isWorkflow: true },
  text2video_sd15_then_svd: { task: aTask.textToVideo(), ends: ONE },
  input_not_a_picture: { task: aTask.imageToImage(), ends: fails("BAD_REQUEST", false, /cannot be read/) },
  node_exception: { ...upscale, ends: fails("INTERNAL", true, /^ComfyUI failed in RigFault$/) },
  node_out_of_memory: { ...upscale, ends: fails("NO_GPU", true, /not enough memory/) },
  latent_too_large_for_memory: { ...textToImage, ends: fails("NO_GPU", true, /not enough memory/) },
  checkpoint_file_broken: { ...textToImage, ends: fails("MODEL_LOAD_FAILED", true, /is broken/) },
  checkpoint_without_text_encoder: {
    ...textToImage,
    ends: fails("MODEL_LOAD_FAILED", true, /do not go together/),
    settings: { models: [{ name: "stable-diffusion-v1-5", family: "sd15", file: "svd.safetensors" }] },
  },
  cancel_while_queued: { ...upscale, ends: [ONE, "stopped"] },
  cancel_while_running: { ...alike, ends: "stopped", server: { hasJobsApi: false } },
  cancel_during_deaf_node: { ...upscale, ends: "stopped" },
  interrupt_during_last_node_is_lost: { ...upscale, ends: ["stopped", ONE], isSequence: true },
  cancel_by_jobs_api: { ...upscale, ends: ["stopped", "stopped"] },
  global_interrupt_hits_whatever_runs: { ...upscale, ends: [ONE, fails("INTERNAL", true, /somebody interrupted/)] },
  two_jobs_two_clients: { ...alike, ends: [ONE, ONE] },
  two_jobs_one_client_priority_and_own_ids: { ...upscale, ends: [ONE, ONE, ONE] },
  no_client_id_in_prompt: { ...upscale, ends: ONE },
  history_asked_on_execution_success: { ...textToImage, ends: ONE, isSequence: true },
  same_graph_after_output_file_deleted: { ...alike, ends: [ONE, fails("INTERNAL", true, /file is gone/)], isSequence: true },
  disconnect_then_reconnect_same_client_id: { ...upscale, ends: ONE },
  reconnect_after_job_ended: { ...upscale, ends: ONE },
  second_socket_same_client_id_then_first_closes: { ...upscale, ends: ONE },
  server_killed_mid_job: { ...upscale, ends: lost },
  server_sigterm_mid_job: { ...upscale, ends: lost },
  server_crashes_inside_a_node: { ...upscale, ends: lost },
};

/** Recordings of requests alone, or of what a restarted server answers: held in `http.test.ts` and `traps.test.ts`. */
const ELSEWHERE = [
  "http_oddities",
  "history_deleted",
  "model_file_added_while_running",
  "server_restarted_after_kill",
  "upload_image",
  "upload_too_large",
];

test("every recording is used", () => {
  expect([...Object.keys(SCENARIOS), ...ELSEWHERE].toSorted()).toEqual(TRANSCRIPTS.toSorted());
});

describe("each recorded scenario ends rightly", () => {
  test.each(Object.entries(SCENARIOS))("%s", async (name, scenario) => {
    const rows = readTranscript(name);
    const ends = expectedEnds(scenario, rows);
    const graph = scenario.graph ?? name;
    const recordedGraph = GRAPHS.includes(graph) ? readJson(`graphs/${graph}.json`) : undefined;
    const server = await startReplay({ ...(recordedGraph !== undefined && { recordedGraph }), ...scenario.server });
    const names = [...new Set(rows.map(({ who }) => who))].filter((who) => who !== "second");
    const settings: Record<string, unknown> = {
      ...scenario.settings,
      ...(scenario.isWorkflow && { workflows: [asWorkflow(scenario.task, recordedGraph)] }),
    };
    const engines = names.map(() => startEngine(server.url, settings).engine);
    const playing = server.play(rows);
    for (const engine of engines) await withModels(engine);

    const runs: Awaited<ReturnType<typeof runTask>>[] = [];
    const cancelling = cancelWhenRecorded(server, runs);
    for (const [index] of ends.entries()) {
      const engine = engines[index % engines.length];
      if (!engine) throw new Error("no engine");
      const run = await runTask(engine, scenario.task, scenario.picture);
      runs.push(run);
      if (scenario.isSequence) await run.result.catch(() => {});
      else await until(() => server.posts.seen.length > index);
    }
    for (const [index, end] of ends.entries()) {
      const run = runs[index];
      if (!run) throw new Error("no run");
      expect(await endOf(run)).toEqual(whatIsExpected(end));
      expectForwards(run.progress);
    }
    if (!ends.includes(lost)) await playing;
    cancelling.stop();

    for (const { body } of server.posts.seen) {
      expect(body).toMatchObject({
        client_id: expect.any(String),
        extra_data: { preview_method: settings["previews"] === false ? "none" : "latent2rgb" },
      });
      expect(body.prompt_id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    }
    // Never a request that would stop whatever runs.
    expect(server.requests.filter((request) => /^POST \/interrupt( \{\})?$/.test(request))).toEqual([]);
    const drawn = runs.flatMap(({ progress }) => progress.filter(({ preview }) => preview));
    const pictures = name === "result_over_websocket" ? 0 : rows.filter(({ ws }) => ws === "binary").length;
    expect(drawn).toHaveLength(pictures);
  });
});

function expectedEnds({ ends }: Scenario, rows: readonly Row[]): readonly End[] {
  if (typeof ends === "object" && "length" in ends) return ends;
  const messages = rows.flatMap(({ message }) => message?.data?.["prompt_id"] ?? []);
  const jobs = new Set([...recordedJobs(rows), ...messages]).size;
  return Array.from({ length: jobs }, () => ends);
}

/** The client of the recording cancelled at that point, so the task is cancelled here. */
function cancelWhenRecorded(server: Awaited<ReturnType<typeof startReplay>>, runs: readonly { abort: AbortController }[]) {
  let isOver = false;
  void (async () => {
    while (!isOver) {
      const index = await server.cancelRows.take();
      await until(() => runs.length > index);
      runs[index]?.abort.abort(new Error("cancelled"));
    }
  })();
  return { stop: () => (isOver = true) };
}

function asWorkflow({ type, parameters }: EngineTask, content: unknown) {
  const name = "model" in parameters ? parameters.model : parameters.modelName;
  return { settings: { name, types: [type], file: "recorded.json" }, content };
}

/** How a run ended, in the words of `End`. */
async function endOf({ result }: Awaited<ReturnType<typeof runTask>>): Promise<object | "stopped"> {
  try {
    const { files } = await result;
    const texts = files.map(({ content }) => ("bytes" in content ? Buffer.from(content.bytes).includes(SECRET) : true));
    return { files: files.length, withNotes: texts.filter(Boolean).length };
  } catch (error) {
    if (!(error instanceof EngineError)) return "stopped";
    const { failure, isRetryable, message } = error;
    // Nothing of the server's own words: they hold paths and tensors.
    return { failure, isRetryable, message, hasLeaked: /COMFYUI|BASE|SITE|tensor|Traceback|\//.test(message) };
  }
}

function whatIsExpected(end: End): unknown {
  if (end === "stopped") return "stopped";
  if ("files" in end) return { files: end.files, withNotes: 0 };
  const { failure, isRetryable, says } = end;
  return { failure, isRetryable, message: expect.stringMatching(says) as unknown, hasLeaked: false };
}

const PHASES = ["loading", "sampling", "encoding"];
function expectForwards(progress: readonly EngineProgress[]): void {
  const parts = progress.map(({ phase, step, totalSteps }) => PHASES.indexOf(phase) + step / Math.max(1, totalSteps));
  expect(parts).toEqual(parts.toSorted((a, b) => a - b));
  expect(progress.every(({ step, totalSteps }) => Number.isInteger(step) && step <= totalSteps)).toBe(true);
}

test("the recorded list of nodes is the one that all this is held against", () => {
  expect(Object.keys(recordedObjectInfo() as object).length).toBeGreaterThan(90);
});
