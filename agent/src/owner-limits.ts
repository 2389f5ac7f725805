import type { AgentModel } from "@star-graph/shared/agent-protocol";
import type { EngineTask } from "@star-graph/shared/rest/generate";
import type { TaskType } from "@star-graph/shared/task";
import { modelOf, promptOf, workOf } from "@star-graph/shared/work";
import type { OwnerLimits } from "./config/agent-config.ts";

/** What is left of an agent's models once its owner's limits are taken off. */
export function limitModels(models: readonly AgentModel[], limits: OwnerLimits): AgentModel[] {
  return models.flatMap((model): AgentModel[] => {
    if (limits.models && !limits.models.includes(model.name)) return [];
    const types: TaskType[] = model.types.filter((type) => limits.types === null || limits.types.includes(type));
    if (types.length === 0) return [];
    if (limits.maxPixels === null) return [{ ...model, types }];
    return [{ ...model, types, maxPixels: Math.min(model.maxPixels ?? Infinity, limits.maxPixels) }];
  });
}

/** Why its owner does not want this task, or null. Words are found whatever their case; those of a prompt are no secret of theirs. */
export function reasonOfOwner(task: EngineTask, limits: OwnerLimits): string | null {
  if (limits.types && !limits.types.includes(task.type)) return `its owner takes no ${task.type}`;
  if (limits.models && !limits.models.includes(modelOf(task))) return `its owner does not offer ${modelOf(task)}`;
  if (limits.maxPixels !== null && workOf(task).pixels > limits.maxPixels) return `its owner takes ${limits.maxPixels} pixels at most`;
  const prompt = promptOf(task).toLowerCase();
  const refused = limits.refusedWords.some((word) => prompt.includes(word.toLowerCase()));
  return refused ? "its owner does not draw what this asks for" : null;
}
