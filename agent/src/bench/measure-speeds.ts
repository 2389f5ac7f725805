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

interface Pilots {
  folder: string;
  seed: number;
}

/**
 * Runs a pilot of each type that is offered, twice: the first loads the model. Models that another stands in for are as fast as that.
 * @param folder for what the engines write; it is emptied again.
 * @param seed such that no engine has drawn these pilots before.
 */
export async function measureSpeeds(
  engines: EngineSet,
  models: readonly AgentModel[],
  { folder, seed }: Pilots,
  tell: (measured: Measured) => void,
): Promise<Speeds> {
  const speeds: Speeds = {};
  for (const type of TaskType.options) {
    const model = models.find((one) => one.types.includes(type));
    if (!model) continue;
    const outcome = await measure(engines, type, model, { folder, seed });
    tell({ type, model: model.name, outcome });
    if (outcome.kind === "took") speeds[model.name] = { ...speeds[model.name], [type]: outcome.megaWorkPerSecond };
  }
  return speeds;
}

async function measure(engines: EngineSet, type: TaskType, model: AgentModel, { folder, seed }: Pilots): Promise<Measured["outcome"]> {
  const claim = engines.claim(pilotTask(type, model, seed));
  if (claim.kind === "refused") return { kind: "failed", reason: claim.reason };
  try {
    let measured = { ms: 0, work: 0 };
    for (const round of [0, 1]) {
      const task = pilotTask(type, model, seed + round);
      const outputFolder = join(folder, `bench-${type}-${round}`);
      await mkdir(outputFolder, { recursive: true });
      const path = join(outputFolder, "input-image");
      const worksOnPicture = "imageWidth" in task.parameters;
      if (worksOnPicture) await writeFile(path, await pilotPicture(task, seed + round));
      const startedMs = performance.now();
      const signal = AbortSignal.timeout(LIMIT_MS);
      try {
        await claim.engine.run(task, {
          model: claim.model,
          signal,
          outputFolder,
          inputs: worksOnPicture ? { image: { path } } : {},
          onProgress: () => {},
        });
      } finally {
        await rm(outputFolder, { recursive: true, force: true });
      }
      measured = { ms: performance.now() - startedMs, work: workOf(task).work };
    }
    const { ms, work } = measured;
    return { kind: "took", ms, megaWorkPerSecond: work / 1e6 / (ms / 1000) };
  } catch (error) {
    return { kind: "failed", reason: messageOf(error) };
  } finally {
    claim.release();
  }
}
