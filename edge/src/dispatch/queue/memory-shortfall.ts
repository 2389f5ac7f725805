import type { AgentModel } from "@star-graph/shared/agent-protocol";
import { shortfallOf } from "@star-graph/shared/model-fit";
import type { Profile } from "./agent-index.ts";
import type { DispatchStore } from "./store.ts";
import type { MemoryShortfall, Requirement } from "./types.ts";

/**
 * What is missing when memory alone keeps all agents that count from a class of tasks; null when it is something else.
 * @param userId whose tasks; null for everybody's
 * @param counts whether the agents of a kind are to be thought of
 */
export function memoryShortfall(
  store: DispatchStore,
  line: Requirement,
  userId: number | null,
  counts: (profile: Profile) => boolean,
): MemoryShortfall | null {
  const { type, model, memoryBytes: neededBytes } = line;
  if (neededBytes === 0) return null;
  const profiles = [...store.agents.profilesOffering(type, model)].filter(
    (profile) => (profile.onlyFor === null || userId === null || profile.onlyFor === userId) && counts(profile),
  );
  const memories = profiles.flatMap(({ models }) => tooLittle(models, line) ?? []);
  return memories.length > 0 ? { neededBytes, largestBytes: Math.max(...memories) } : null;
}

/** The memory of those models that lack nothing else, the most of them; null when there is none. */
export function tooLittle(models: readonly AgentModel[], line: Requirement): number | null {
  const memories = models.flatMap((offered) => (shortfallOf(offered, line) === "memory" ? (offered.memoryBytes ?? []) : []));
  return memories.length > 0 ? Math.max(...memories) : null;
}
