import type { Capabilities } from "@star-graph/shared/agent-protocol";
import type { TaskType } from "@star-graph/shared/task";
import type { EngineSettings } from "../engines/settings.ts";
import type { HoursOfDay } from "./units.ts";

export type LogFormat = "text" | "json";

/** What its owner lets the agent take, beyond what its engines can run. */
export interface OwnerLimits {
  /** Null for all. */
  types: readonly TaskType[] | null;
  models: readonly string[] | null;
  maxPixels: number | null;
  ownTasks: NonNullable<Capabilities["ownTasks"]>;
  /** A prompt that holds one of them is not drawn here. */
  refusedWords: readonly string[];
}

/** When the agent asks for nothing. */
export interface RestRules {
  /** Working hours; none for the whole day. */
  hours: readonly HoursOfDay[];
  /** Only while nobody else uses the GPU or the keyboard, and for `coolDownMs` after. */
  isIdleOnly: boolean;
  coolDownMs: number;
  maxTemperatureCelsius: number;
  minFreeDiskBytes: number;
  minFreeMemoryBytes: number;
  /** Engines give their memory back after this long without a task. */
  freeAfterMs: number;
}

/** What every command may need to know; `edge` and `key` are null where nobody said them. */
export interface PartialConfig {
  edge: URL | null;
  key: string | null;
  name: string;
  stateFolder: string;
  engines: EngineSettings[];
  /** False where the owner named none, so that one is to be found. */
  isEngineChosen: boolean;
  log: LogFormat;
  limits: OwnerLimits;
  rest: RestRules;
  /** How much of the tasks' input pictures stays on disk between tasks; 0 for none. */
  inputCacheBytes: number;
  /** Where this machine can see how the agent is; null for nowhere. */
  statusPort: number | null;
  /** How long tasks may still run after the system has asked this process to end. */
  stopWithinMs: number;
  /** PEM text of authorities to trust besides the usual ones. */
  extraAuthorities: string | null;
  /** Of all that leaves this machine; null for the one that the environment names, if it does. */
  proxy: URL | null;
}

export interface AgentConfig extends PartialConfig {
  edge: URL;
  key: string;
}
