import type { AgentModel } from "@star-graph/shared/agent-protocol";
import type { OwnerLimits, RestRules } from "../config/agent-config.ts";
import type { EngineHealth } from "../engines/engine.ts";
import type { EngineName } from "../engines/settings.ts";
import type { Gpu } from "../machine/gpus.ts";

/** Everything that was looked at; what to think of it is `diagnose`'s business. */
export interface Facts {
  nodeVersion: string;
  hasKey: boolean;
  /** Null where no edge is configured. */
  edge: { address: string; answer: EdgeAnswer } | null;
  line: LineAnswer;
  /** The process that uses the state folder now. */
  runningPid: number | null;
  stateFolder: string;
  disk: { freeBytes: number | null; isWritable: boolean };
  freeMemoryBytes: number;
  gpus: readonly Gpu[];
  engines: readonly EngineFacts[];
  /** Why models that the owner named are not among theirs. */
  leftOut: readonly string[];
  /** Why the engines could not even be opened. */
  enginesTrouble: string | null;
  /** Engines that answer on their usual ports, and that this agent is not told to use. */
  unused: readonly UnusedEngine[];
  limits: OwnerLimits;
  rules: RestRules;
}

interface UnusedEngine {
  name: string;
  /** What it is called with `--engine`. */
  engine: EngineName;
  address: string;
  /** False for a WebUI that was started without it. */
  hasApi: boolean;
}

export type EdgeAnswer =
  | { kind: "down"; reason: string }
  /**
   * `skewMs`: how far this machine's clock is ahead of the edge's; null where the edge did not tell the time. `protocols`: the
   * versions that it takes; null where it does not say.
   */
  | { kind: "up"; tookMs: number; skewMs: number | null; protocols: { oldest: number; newest: number } | null }
  /** Something answers there, and it is no edge. */
  | { kind: "other"; status: number };

/** How the edge took the agent's own upgrade. */
export type LineAnswer = { kind: "not-tried" } | { kind: "open" } | { kind: "refused" | "lost"; reason: string };

export interface EngineFacts {
  name: string;
  health: EngineHealth;
  /** As they would be offered. */
  models: readonly AgentModel[];
}
