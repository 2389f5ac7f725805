import { readFile } from "node:fs/promises";
import type { AgentModel } from "@star-graph/shared/agent-protocol";
import { TaskType } from "@star-graph/shared/task";
import { z } from "zod";
import { writeFileAtomically } from "./atomic-file.ts";
import { hasCode, parseJson } from "./outside.ts";

/** Millions of units of work a second, by model and type: what `bench` measured on this machine. */
const Speeds = z.record(z.string(), z.partialRecord(TaskType, z.number().positive()));
export type Speeds = z.infer<typeof Speeds>;

/** Empty where nothing was measured, or the file is damaged: the edge then learns from the tasks themselves. */
export async function readSpeeds(path: string): Promise<Speeds> {
  try {
    return Speeds.safeParse(parseJson(await readFile(path, "utf8"))).data ?? {};
  } catch (error) {
    if (hasCode(error, "ENOENT")) return {};
    throw error;
  }
}

export const writeSpeeds = (path: string, speeds: Speeds): Promise<void> =>
  writeFileAtomically(path, `${JSON.stringify(speeds, null, 2)}\n`);

export function withSpeeds(models: readonly AgentModel[], speeds: Speeds): AgentModel[] {
  return models.map((model) => {
    const measured = speeds[model.name];
    return measured && Object.keys(measured).length > 0 ? { ...model, megaWorkPerSecond: measured } : model;
  });
}
