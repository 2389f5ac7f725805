import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { AgentModel } from "@star-graph/shared/agent-protocol";
import { TaskType } from "@star-graph/shared/task";
import { workOf } from "@star-graph/shared/work";
import type { EngineSet } from "../engines/engine-set.ts";
import { messageOf } from "../outside.ts";
import type { Speeds } from "../speeds.ts";
import { pilotPicture, pilotTask } from "./pilot.ts";

export interface Measured {
  type: TaskType;
  model: string;
  outcome: { kind: "took"; ms: number; megaWorkPerSecond: number } | { kind: "failed"; reason: string };
}

/** A pilot that takes longer says enough about the speed. */
const LIMIT_MS = 10 * 60_000;

/**
 * Runs a pilot of each type that is offered, twice: the first one loads the model. Models that another stands in for are as fast as that.
 * @param folder for what the engines write; it is emptied again.
 */
export async function measureSpeeds(
  engines: EngineSet,
  models: readonly AgentModel[],
  folder: string,
  tell: (measured: Measured) => void,
): Promise<Speeds> {
  const speeds: Speeds = {};
  for (const type of TaskType.options) {
    const model = models.find((one) => one.types.includes(type));
    if (!model) continue;
    const outcome = await measure(engines, type, model.name, folder);
    tell({ type, model: model.name, outcome });
    if (outcome.kind === "took") speeds[model.name] = { ...speeds[model.name], [type]: outcome.megaWorkPerSecond };
  }
  return speeds;
}

async function measure(engines: EngineSet, type: TaskType, model: string, folder: string): Promise<Measured["outcome"]> {
  const task = pilotTask(type, model);
  const claim = engines.claim(task);
  if (claim.kind === "refused") return { kind: "failed", reason: claim.reason };
  try {
    let ms = 0;
    for (const round of ["load", "measure"]) {
      const outputFolder = join(folder, `bench-${type}-${round}`);
      await mkdir(outputFolder, { recursive: true });
      const path = join(outputFolder, "input-image");
      await writeFile(path, await pilotPicture());
      const startedMs = performance.now();
      const signal = AbortSignal.timeout(LIMIT_MS);
      try {
        await claim.engine.run(task, { signal, outputFolder, inputs: { image: { path } }, onProgress: () => {} });
      } finally {
        await rm(outputFolder, { recursive: true, force: true });
      }
      ms = performance.now() - startedMs;
    }
    return { kind: "took", ms, megaWorkPerSecond: workOf(task).work / 1e6 / (ms / 1000) };
  } catch (error) {
    return { kind: "failed", reason: messageOf(error) };
  } finally {
    claim.release();
  }
}
