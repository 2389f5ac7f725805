import { z } from "zod";
import { EngineError } from "../engine.ts";
import { isOutOfMemory } from "../gpu-trouble.ts";
import { isModelFile } from "./object-info.ts";
import type { GraphProblem } from "./validate-graph.ts";

/*
 * What ComfyUI says of a failure holds paths of this machine, whole tensors and other people's prompts. So a task's owner is told
 * in words of our own; the server's own go to the log of the box as the cause.
 */

const Refusal = z.object({
  error: z.object({ type: z.string(), message: z.string().catch("") }).optional(),
  node_errors: z
    .record(
      z.string(),
      z.object({
        class_type: z.string().catch("a node"),
        errors: z.array(z.object({ type: z.string(), details: z.string().catch(""), extra_info: z.looseObject({}).catch({}) })).catch([]),
      }),
    )
    .catch({}),
});

/** Why a graph was not taken by `POST /prompt`. */
export function refusalOf(status: number, body: unknown): EngineError {
  const parsed = Refusal.safeParse(body);
  const cause = new Error(`POST /prompt answered ${status} ${describe(parsed.data)}`);
  if (!parsed.success || status >= 500)
    return new EngineError("INTERNAL", "ComfyUI could not read the graph", { isRetryable: true, cause });
  const { error, node_errors: nodes } = parsed.data;
  const failures = Object.values(nodes).flatMap(({ class_type: className, errors }) => errors.map((one) => ({ className, ...one })));
  const inputOf = (one: (typeof failures)[number]) =>
    typeof one.extra_info["input_name"] === "string" ? one.extra_info["input_name"] : null;
  if (failures.some((one) => one.type === "value_not_in_list" && isModelFile(inputOf(one)))) {
    return new EngineError("MODEL_LOAD_FAILED", "a file of the model is no longer there", { isRetryable: true, cause });
  }
  const first = failures[0];
  if (error?.type === "missing_node_type") {
    return new EngineError("INTERNAL", "ComfyUI lacks a node that this task needs", { isRetryable: true, cause });
  }
  if (first?.type === "custom_validation_failed") {
    return new EngineError("INTERNAL", "ComfyUI does not find the input picture", { isRetryable: true, cause });
  }
  const where = first ? ` (${first.className}${inputOf(first) ? `, ${inputOf(first)}` : ""})` : "";
  return new EngineError("INTERNAL", `ComfyUI refused the graph${where}`, { isRetryable: false, cause });
}

function describe(refusal: z.infer<typeof Refusal> | undefined): string {
  if (!refusal) return "with something unreadable";
  const details = Object.entries(refusal.node_errors).flatMap(([id, { errors }]) =>
    errors.map(({ type, details }) => `${id}: ${type}, ${details}`),
  );
  return [refusal.error?.type, ...details].join("; ").slice(0, 1000);
}

/** Why a graph is not even sent. */
export function problemsError(problems: readonly GraphProblem[]): EngineError {
  const text = problems
    .map(({ nodeId, className, input, kind }) => `${kind} ${className ?? ""} ${input ?? ""} (node ${nodeId ?? "?"})`)
    .join("; ");
  const cause = new Error(text);
  const lacksFile = problems.find(({ kind, input }) => kind === "not-in-list" && isModelFile(input));
  if (lacksFile) return new EngineError("MODEL_LOAD_FAILED", "a file of the model is no longer there", { isRetryable: true, cause });
  const lacksNode = problems.find(({ kind }) => kind === "no-class");
  if (lacksNode) return new EngineError("INTERNAL", `ComfyUI lacks the node ${lacksNode.className ?? "?"}`, { isRetryable: true, cause });
  const unknown = problems.find(({ kind }) => kind === "not-in-list");
  // Another version may have that sampler.
  if (unknown) return new EngineError("INTERNAL", `ComfyUI does not know this ${unknown.input}`, { isRetryable: true, cause });
  return new EngineError("INTERNAL", "the graph for this task is not right", { isRetryable: false, cause });
}

export interface NodeFailure {
  nodeType: string;
  exceptionType: string;
  exceptionMessage: string;
}

/** Loaders of models; `LoadImage` reads a picture. */
const isLoader = (nodeType: string): boolean => /loader/i.test(nodeType);

/** Why a running graph ended in `execution_error`. */
export function executionFailure({ nodeType, exceptionType, exceptionMessage }: NodeFailure): EngineError {
  const cause = new Error(`${nodeType}: ${exceptionType}: ${exceptionMessage}`.slice(0, 2000));
  if (isOutOfMemory(`${exceptionType} ${exceptionMessage}`)) {
    return new EngineError("NO_GPU", "this GPU has not enough memory for the task", { isRetryable: true, cause });
  }
  if (exceptionType.endsWith("UnidentifiedImageError") || (nodeType === "LoadImage" && !exceptionType.endsWith("FileNotFoundError"))) {
    return new EngineError("BAD_REQUEST", "the input picture cannot be read", { isRetryable: false, cause });
  }
  if (isLoader(nodeType) || /SafetensorError|UnpicklingError/.test(exceptionType)) {
    return new EngineError("MODEL_LOAD_FAILED", "a file of the model is broken", { isRetryable: true, cause });
  }
  // A video checkpoint has no text encoder; a ControlNet of another family has other shapes.
  if (/(clip|vae) input is invalid/i.test(exceptionMessage) || /shapes cannot be multiplied|size mismatch/i.test(exceptionMessage)) {
    return new EngineError("MODEL_LOAD_FAILED", "the model's files do not go together", { isRetryable: true, cause });
  }
  return new EngineError("INTERNAL", `ComfyUI failed in ${nodeType.slice(0, 80)}`, { isRetryable: true, cause });
}

export const lostJob = (): EngineError => new EngineError("INTERNAL", "ComfyUI restarted and lost the task", { isRetryable: true });
export const interruptedJob = (): EngineError => new EngineError("INTERNAL", "somebody interrupted ComfyUI", { isRetryable: true });
export const serverGone = (): EngineError => new EngineError("INTERNAL", "ComfyUI is gone", { isRetryable: true });
