import type { OfferMessage } from "@star-graph/shared/agent-protocol";
import { type Engine, EngineError, type EngineProgress, type EngineResult, type RunOptions } from "./engines/engine.ts";
import type { Previews } from "./previews.ts";
import type { ProgressReporter } from "./progress.ts";
import type { Spool } from "./spool.ts";
import type { SpoolMeta } from "./spool-entry.ts";

export interface ProduceDeps {
  spool: Spool;
  limits: () => { maxResultBytes: number };
  /** Brings the pictures that a task works on into its folder. */
  fetchInputs: (inputs: OfferMessage["inputs"], grant: string, folder: string, signal: AbortSignal) => Promise<RunOptions["inputs"]>;
}

export interface Production {
  engine: Engine;
  model: RunOptions["model"];
  progress: ProgressReporter;
  previews: Previews;
  /** Aborted when the attempt must stop now. */
  signal: AbortSignal;
}

export type End = { kind: "spooled"; meta: SpoolMeta } | { kind: "failed"; error: unknown } | { kind: "stopped" };

/** One attempt from its folder on the disk to the result that lies there. It never throws. */
export async function produceResult(deps: ProduceDeps, offer: OfferMessage, production: Production): Promise<End> {
  const { spool } = deps;
  const { attemptId } = offer;
  let end: End;
  try {
    end = { kind: "spooled", meta: await keepResult(deps, offer, production) };
  } catch (error) {
    end = { kind: "failed", error };
  }
  // After an abort it does not matter how the engine came to its end.
  if (production.signal.aborted) end = { kind: "stopped" };
  if (end.kind !== "spooled") await spool.remove(attemptId).catch(() => {});
  return end;
}

async function keepResult(
  { spool, limits, fetchInputs }: ProduceDeps,
  { attemptId, task, inputs, upload }: OfferMessage,
  { engine, model, progress, previews, signal }: Production,
): Promise<SpoolMeta> {
  const outputFolder = await spool.begin(attemptId);
  if (inputs.length > 0) progress.report({ phase: "loading", step: 0, totalSteps: 1 });
  const fetched = await fetchInputs(inputs, upload.grant, outputFolder, signal);
  const onProgress = ({ preview, ...step }: EngineProgress): void => {
    progress.report(step);
    if (preview) previews.offer(preview);
  };
  const result = await engine.run(task, { model, signal, outputFolder, inputs: fetched, onProgress });
  const meta = await spool.store(attemptId, upload, withinProtocol(result));
  const largest = Math.max(...meta.pictures.map(({ bytes }) => bytes));
  const { maxResultBytes } = limits();
  if (largest <= maxResultBytes) return meta;
  throw new EngineError("INTERNAL", `The result has ${largest} bytes, the edge takes ${maxResultBytes}`, { isRetryable: false });
}

/** Holds an engine to the protocol's limits, so that one long note does not cost a finished picture. */
function withinProtocol({ files, servedBy: { engine, model }, notes }: EngineResult): EngineResult {
  return {
    files,
    servedBy: { engine: engine.slice(0, 64), model: model.slice(0, 128) },
    notes: notes.slice(0, 20).map((note) => note.slice(0, 500)),
  };
}
