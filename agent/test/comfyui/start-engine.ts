import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { onTestFinished, vi } from "vitest";
import { ComfyUIEngine, type ComfyUITimings } from "../../src/engines/comfyui/comfyui-engine.ts";
import { ComfyUISettings } from "../../src/engines/comfyui/settings.ts";
import { Workflow } from "../../src/engines/comfyui/workflow.ts";
import type { EngineTask } from "@star-graph/shared/rest/generate";
import { modelOf } from "@star-graph/shared/work";
import type { Engine, EngineProgress, EngineResult, RunOptions } from "../../src/engines/engine.ts";
import { aLog } from "../builders.ts";
import { aPng, anMp4, pngWithNotes } from "../pictures.ts";
import { temporaryFolder } from "../run-in-process.ts";
import { type ReplayOptions, ReplayServer } from "./replay-server.ts";
import { readJson } from "./transcript.ts";

export const SECRET = "the whole workflow, with somebody's prompt";

/** Nobody waits, and nothing is slower than a poll. */
const QUICK: ComfyUITimings = {
  reconnect: { baseMs: 5, capMs: 20 },
  pingMs: 1_000,
  healthMs: 3_000,
  withdrawMs: 200,
  filesMs: 20,
  pollMs: 60,
  cancelMs: 20,
  goneMs: 250,
  stuckMs: 5_000,
  restart: { baseMs: 5, capMs: 20 },
  lookMs: 20,
  hangMs: 3_000,
  killMs: 100,
};

export const recordedObjectInfo = (): unknown => readJson("object_info.json");

/** A result as the server writes it, notes and all. */
function aResult(name: string, width: number, height: number): Buffer | null {
  if (name.endsWith(".mp4")) return anMp4(width, height, SECRET);
  if (name.endsWith(".webm")) return Buffer.from("1a45dfa39f4286810142f7810142f2810442f381084282847765626d", "hex");
  return pngWithNotes(aPng(width, height), SECRET);
}

export async function startReplay(options: Partial<ReplayOptions> & { width?: number; height?: number } = {}): Promise<ReplayServer> {
  const { width = 64, height = 64, ...rest } = options;
  const server = await ReplayServer.start({
    objectInfo: recordedObjectInfo(),
    hasJobsApi: true,
    file: (name) => aResult(name, width, height),
    ...rest,
  });
  onTestFinished(() => server.stop().catch(() => {}));
  return server;
}

export function startEngine(url: string, settings: object = {}, timings: Partial<ComfyUITimings> = {}) {
  const log = aLog();
  const { workflows = [], ...others } = settings as { workflows?: { settings: object; content: unknown }[] };
  const parsed = ComfyUISettings.parse({ engine: "comfyui", url, ...others });
  const engine = new ComfyUIEngine(parsed, {
    log,
    timings: { ...QUICK, ...timings },
    workflows: workflows.map(({ settings: one, content }) => {
      const [first] = ComfyUISettings.parse({ engine: "comfyui", workflows: [one] }).workflows;
      if (!first) throw new Error("no workflow");
      return new Workflow({ settings: first, content });
    }),
  });
  onTestFinished(() => engine.close());
  return { engine, log };
}

/** However long a busy machine takes; a test that waits in vain ends by its own limit. */
export const until = (condition: () => boolean): Promise<boolean> => vi.waitUntil(condition, { timeout: 60_000, interval: 10 });

/** Until the engine knows what the server can do. */
export function withModels(engine: Engine): Promise<void> {
  return new Promise((resolve) => {
    const look = () => (engine.models().length > 0 ? resolve() : undefined);
    engine.onChange(look);
    look();
  });
}

export interface EngineRun {
  progress: EngineProgress[];
  result: Promise<EngineResult>;
  abort: AbortController;
}

export async function runTask(engine: Engine, task: EngineTask, picture: Buffer = aPng(64, 64)): Promise<EngineRun> {
  const folder = await temporaryFolder();
  const path = join(folder, "input-image");
  await writeFile(path, picture);
  const abort = new AbortController();
  const progress: EngineProgress[] = [];
  const inputs: RunOptions["inputs"] = task.type === "TEXT2IMG" || task.type === "TEXT2VIDEO" ? {} : { image: { path } };
  const result = engine.run(task, {
    model: modelOf(task),
    signal: abort.signal,
    outputFolder: folder,
    inputs,
    onProgress: (step) => void progress.push(step),
  });
  result.catch(() => {});
  return { progress, result, abort };
}
