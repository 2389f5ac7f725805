import { Phase, TaskType } from "@star-graph/shared/task";
import { z } from "zod";

/** For more than a year there is "until it is resumed". */
export const LONGEST_PAUSE_MS = 366 * 86_400_000;

/** What an owner asks of the running agent, one JSON line for each connection. */
export const ControlRequest = z.discriminatedUnion("command", [
  z.object({ command: z.literal("status") }),
  z.object({
    command: z.literal("pause"),
    /** Null until it is resumed. */
    forMs: z.number().positive().max(LONGEST_PAUSE_MS).nullable(),
    /** Give running tasks back and free memory at once, rather than when they are done. */
    isAtOnce: z.boolean(),
  }),
  z.object({ command: z.literal("resume") }),
  z.object({ command: z.literal("drain") }),
]);
export type ControlRequest = z.infer<typeof ControlRequest>;

export const ControlStatus = z.object({
  pid: z.number(),
  version: z.string(),
  name: z.string(),
  edge: z.string(),
  isConnected: z.boolean(),
  /** Why it asks for no work; null when it does. */
  restingBecause: z.string().nullable(),
  isLeaving: z.boolean(),
  /** How it stands with the edge; null until the edge has said so. */
  edgeState: z.enum(["serving", "paused", "draining", "quarantined"]).nullable(),
  /** Why the edge has no work for it, in the edge's words. */
  idleBecause: z.string().nullable(),
  waitingTasks: z.number().nullable(),
  earnedToday: z.number().nullable(),
  slots: z.number(),
  running: z.array(
    z.object({
      attemptId: z.string(),
      type: TaskType,
      model: z.string(),
      engine: z.string(),
      phase: Phase.nullable(),
      step: z.number(),
      totalSteps: z.number(),
      elapsedMs: z.number(),
    }),
  ),
  /** Finished, and not yet acknowledged by the edge. */
  undelivered: z.number(),
  drawn: z.number(),
  failed: z.number(),
  upMs: z.number(),
  engines: z.array(z.object({ name: z.string(), models: z.array(z.string()), resident: z.array(z.string()) })),
  gpus: z.array(
    z.object({
      name: z.string(),
      memoryBytes: z.number(),
      freeMemoryBytes: z.number().nullable(),
      temperatureCelsius: z.number().nullable(),
    }),
  ),
});
export type ControlStatus = z.infer<typeof ControlStatus>;

export const ControlAnswer = z.discriminatedUnion("isOk", [
  z.object({ isOk: z.literal(true), status: ControlStatus }),
  z.object({ isOk: z.literal(false), reason: z.string() }),
]);
export type ControlAnswer = z.infer<typeof ControlAnswer>;
