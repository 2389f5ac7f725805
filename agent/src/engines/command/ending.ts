import { EngineError } from "../engine.ts";
import type { ProgramMessage, ResultMessage } from "./messages.ts";
import type { ProgramEnd } from "./program.ts";

/** What was heard of a program until it ended. */
export interface Heard {
  /** Its result or failure; the first counts. */
  last: Extract<ProgramMessage, { type: "result" | "failure" }> | null;
  /** Why that line could not be read. */
  wrongEnd: string | null;
  isOutOfTime: boolean;
  /** We ended it: what it answers to that says nothing of its work. */
  wasEnded: boolean;
}

/**
 * How a task ended.
 * @returns the result that counts.
 * @throws {EngineError} there is none.
 */
export function resultOf({ last, wrongEnd, isOutOfTime, wasEnded }: Heard, end: ProgramEnd): ResultMessage {
  if (last?.type === "failure") throw new EngineError(last.error, last.message, { isRetryable: last.retryable });
  if (last?.type === "result" && (end.exitCode === 0 || wasEnded)) return last;
  if (wrongEnd !== null)
    throw new EngineError("INTERNAL", `the engine's program said its end wrongly: ${wrongEnd}`, { isRetryable: false });
  if (end.notStarted !== null) throw new EngineError("INTERNAL", `the engine's program cannot be started (${end.notStarted})`, RETRY);
  if (isOutOfTime) throw new EngineError("TASK_TIMEOUT", "the engine's program took longer than its owner allows", RETRY);
  const how = end.killedBy === null ? `ended with ${end.exitCode ?? "nothing"}` : `was ended by ${end.killedBy}`;
  throw new EngineError("INTERNAL", `the engine's program ${how}${last ? " after its result" : " without a result"}`, RETRY);
}

const RETRY = { isRetryable: true };
