import { z } from "zod";
import { EngineError } from "../engine.ts";
import { isOutOfMemory } from "../gpu-trouble.ts";
import type { Answer } from "./http.ts";

const Refusal = z.object({
  error: z.string().catch(""),
  detail: z.unknown().optional(),
  errors: z.string().catch(""),
  message: z.string().catch(""),
});

const MODEL = /safetensor|unpickling|checkpoint|model .*not found|failed to load|no such file/i;

/**
 * Why a server answered with anything but its pictures. Its own words hold paths and prompts: they are the cause, for the log of
 * the box, and a task's owner gets ours.
 */
export function refusalOf(what: string, { status, body }: Answer): EngineError {
  const { error, detail, errors, message } = Refusal.parse(typeof body === "object" && body !== null ? body : {});
  const text = [error, typeof detail === "string" ? detail : JSON.stringify(detail ?? ""), errors, message].join(" ").trim();
  const cause = new Error(`${what} answered ${status} ${text}`.slice(0, 1000));
  if (isOutOfMemory(text)) return new EngineError("NO_GPU", "this GPU has not enough memory for the task", { isRetryable: true, cause });
  if (status === 401 || status === 403)
    return new EngineError("INTERNAL", "the engine's server wants another password", { isRetryable: true, cause });
  if (status === 429) return new EngineError("INTERNAL", "the engine's server has a full queue", { isRetryable: true, cause });
  if (/image/i.test(text) && /invalid|decode|could not be read/i.test(text))
    return new EngineError("BAD_REQUEST", "the input picture cannot be read", { isRetryable: false, cause });
  if (MODEL.test(text)) return new EngineError("MODEL_LOAD_FAILED", "the model cannot be loaded", { isRetryable: true, cause });
  // What is refused as wrong is wrong again here; another server may know it.
  if (status >= 400 && status < 500)
    return new EngineError("INTERNAL", `the engine's server refused the task (${status})`, { isRetryable: status === 404, cause });
  return new EngineError("INTERNAL", `the engine's server failed (${status})`, { isRetryable: true, cause });
}

/** A job of stable-diffusion.cpp that ended as `failed`. */
export function jobFailure(message: string): EngineError {
  return refusalOf("the job", { status: 500, body: { message } });
}

export const serverGone = (cause: unknown): EngineError =>
  new EngineError("INTERNAL", "the engine's server is gone", { isRetryable: true, cause });
export const interruptedJob = (): EngineError =>
  new EngineError("INTERNAL", "somebody interrupted the engine's server", { isRetryable: true });
export const lostJob = (): EngineError => new EngineError("INTERNAL", "the engine's server lost the task", { isRetryable: true });
export const stuckJob = (): EngineError => new EngineError("INTERNAL", "the engine's server does not stop", { isRetryable: true });
