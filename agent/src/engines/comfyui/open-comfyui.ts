import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Log } from "../../log.ts";
import { messageOf, parseJson } from "../../outside.ts";
import { Refusal } from "../../refusal.ts";
import { ComfyUIEngine, type ComfyUITimings } from "./comfyui-engine.ts";
import type { ComfyUISettings } from "./settings.ts";
import { Workflow } from "./workflow.ts";

const TIMINGS: ComfyUITimings = {
  reconnect: { baseMs: 250, capMs: 5_000 },
  pingMs: 10_000,
  healthMs: 3_000,
  withdrawMs: 5_000,
  filesMs: 60_000,
  pollMs: 5_000,
  cancelMs: 500,
  goneMs: 60_000,
  stuckMs: 120_000,
  restart: { baseMs: 1_000, capMs: 60_000 },
  lookMs: 2_000,
  hangMs: 120_000,
  killMs: 5_000,
};

/**
 * Attaches to a ComfyUI server, or starts one. It may come up later: until then there are no models.
 * @throws {Refusal} a workflow of the owner's cannot be read.
 */
export async function openComfyUI(
  settings: ComfyUISettings,
  { log, stateFolder }: { log: Log; stateFolder?: string },
): Promise<ComfyUIEngine> {
  const workflows: Workflow[] = [];
  for (const one of settings.workflows) {
    try {
      workflows.push(new Workflow({ settings: one, content: parseJson(await readFile(one.file, "utf8")) }));
    } catch (error) {
      throw new Refusal(`The workflow for ${one.name} cannot be used: ${messageOf(error)}`, { cause: error });
    }
  }
  return new ComfyUIEngine(settings, {
    log,
    workflows,
    timings: TIMINGS,
    ...(stateFolder !== undefined && { sentJobsPath: join(stateFolder, sentJobsFile(settings)) }),
  });
}

/** One for each server: an agent may have several. */
function sentJobsFile({ url }: ComfyUISettings): string {
  return `comfyui-${createHash("sha256").update(url).digest("hex").slice(0, 12)}.json`;
}
