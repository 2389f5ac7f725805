import { AppError } from "@star-graph/shared/errors";

/** What a caller is told of anything that was thrown: itself, or that it was our fault, and whether to try again. */
export function asAppError(error: unknown): AppError {
  return error instanceof AppError ? error : new AppError(isPassing(error) ? "UNAVAILABLE" : "INTERNAL", { cause: error });
}

/** Faults of the platform that a later try can pass: D1 or an object is restarting or overloaded. */
function isPassing(error: unknown): boolean {
  for (let e = error; e instanceof Error; e = e.cause) {
    if ("retryable" in e && e.retryable === true) return true;
    if ("overloaded" in e && e.overloaded === true) return true;
    if (/D1_ERROR: (Network|Internal|D1 DB)|storage operation exceeded|database is locked/i.test(e.message)) return true;
  }
  return false;
}

/** For the log: what was thrown, with its causes. */
export function describeFault(error: unknown): string {
  const parts: string[] = [];
  for (let e = error; e instanceof Error; e = e.cause) parts.push(e.stack ?? e.message);
  return parts.join("\ncaused by: ") || String(error);
}
