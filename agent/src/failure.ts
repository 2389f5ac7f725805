import type { FailedMessage } from "@star-graph/shared/agent-protocol";
import { EngineError } from "./engines/engine.ts";
import { codeOf } from "./outside.ts";

export function failed(attemptId: string, message: string, isRetryable: boolean): FailedMessage {
  return { type: "failed", attemptId, error: "INTERNAL", message: message.slice(0, 1000), retryable: isRetryable };
}

/** What the edge is told, and with it the stranger whose task it was: the owner's paths are for the log alone. */
export function toFailure(attemptId: string, error: unknown): FailedMessage {
  if (error instanceof EngineError) return { ...failed(attemptId, error.message, error.isRetryable), error: error.failure };
  const code = codeOf(error);
  return failed(attemptId, `Something went wrong in the agent${code === null ? "" : ` (${code})`}`, true);
}
