import { setInterval as ticks } from "node:timers/promises";
import type { AgentMessage, CompletedMessage, FailedMessage } from "@star-graph/shared/agent-protocol";
import type { BackoffLimits } from "./backoff.ts";
import { failed } from "./failure.ts";
import type { Log } from "./log.ts";
import type { HttpRequest } from "./network.ts";
import { messageOf } from "./outside.ts";
import { ProgressReporter } from "./progress.ts";
import type { Spool } from "./spool.ts";
import type { SpooledFile, SpoolMeta } from "./spool-entry.ts";
import { uploadFile, type UploadOutcome, type UploadTarget } from "./upload.ts";

export interface DeliveryDeps {
  spool: Spool;
  log: Log;
  /** False when the line is down; whatever matters is said again after the next welcome. */
  send: (message: AgentMessage) => boolean;
  request: HttpRequest;
  uploadBackoff: BackoffLimits;
  progressMs: () => number;
  repeatMs: number;
  signal: AbortSignal;
  /** One more or one fewer result waits to be acknowledged. */
  onChange: () => void;
}

/** An attempt whose engine is done. `end` is what the edge is told, and told again, until it acknowledges. */
interface Held {
  abort: AbortController;
  end: CompletedMessage | FailedMessage | null;
}

/** From the engine's last byte to the edge's `ack`: upload, say so, repeat, then forget. */
export class Delivery {
  readonly #deps: DeliveryDeps;
  readonly #held = new Map<string, Held>();

  constructor(deps: DeliveryDeps) {
    this.#deps = deps;
  }

  get attemptIds(): string[] {
    return [...this.#held.keys()];
  }

  has(attemptId: string): boolean {
    return this.#held.has(attemptId);
  }

  /** Takes over a spooled result. The upload goes on whether or not the socket is up. */
  deliver(meta: SpoolMeta): void {
    const held: Held = { abort: new AbortController(), end: null };
    this.#hold(meta.attemptId, held);
    void this.#upload(meta, AbortSignal.any([this.#deps.signal, held.abort.signal])).then(
      (outcome) => this.#onUploaded(meta, held, outcome),
      (error: unknown) => this.#onUploadBroke(meta, held, error),
    );
  }

  fail(message: FailedMessage): void {
    const held: Held = { abort: new AbortController(), end: message };
    this.#hold(message.attemptId, held);
    this.#deps.send(message);
  }

  /** After each welcome, and now and then, because an `ack` can be lost with the line that carried it. */
  repeatEnds(): void {
    for (const { end } of this.#held.values()) if (end) this.#deps.send(end);
  }

  async repeatUntilStopped(): Promise<void> {
    const { repeatMs, signal } = this.#deps;
    try {
      for await (const _ of ticks(repeatMs, undefined, { signal })) this.repeatEnds();
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  /** The edge has the end on record, or never wants it: forget the attempt. */
  async forget(attemptId: string): Promise<void> {
    const held = this.#held.get(attemptId);
    if (!held) return;
    held.abort.abort();
    this.#held.delete(attemptId);
    try {
      await this.#deps.spool.remove(attemptId);
    } catch (error) {
      this.#deps.log.warn("spool-stuck", `Cannot remove a delivered result: ${messageOf(error)}`, { attemptId });
    }
    this.#deps.onChange();
  }

  #hold(attemptId: string, held: Held): void {
    this.#held.set(attemptId, held);
    this.#deps.onChange();
  }

  async #upload({ attemptId, upload, pictures }: SpoolMeta, signal: AbortSignal): Promise<UploadOutcome> {
    const { send, progressMs } = this.#deps;
    const progress = new ProgressReporter(progressMs(), (step) => send({ type: "progress", attemptId, ...step }));
    const tell = (step: number) => progress.report({ phase: "uploading", step, totalSteps: pictures.length });
    try {
      tell(0);
      for (const [index, picture] of pictures.entries()) {
        const url = `${upload.url}/${index}`;
        const parts = [
          { url, file: picture },
          { url: `${url}/thumbnail`, file: picture.thumbnail },
        ];
        for (const part of parts) {
          const outcome = await this.#put(attemptId, part.file, { url: part.url, grant: upload.grant }, signal);
          if (outcome.kind !== "stored") return outcome;
        }
        tell(index + 1);
      }
      return { kind: "stored" };
    } finally {
      progress.close();
    }
  }

  #put(attemptId: string, file: SpooledFile, target: UploadTarget, signal: AbortSignal): Promise<UploadOutcome> {
    const { spool, log, request, uploadBackoff } = this.#deps;
    const onRetry = (reason: string, waitMs: number) => log.warn("upload-retried", `Upload failed: ${reason}`, { attemptId, waitMs });
    return uploadFile(spool.pathOf(attemptId, file.file), file, target, { request, backoff: uploadBackoff, signal, onRetry });
  }

  #onUploaded({ attemptId, pictures, servedBy, notes }: SpoolMeta, held: Held, outcome: UploadOutcome): void {
    if (held.abort.signal.aborted) return;
    const { log, send } = this.#deps;
    switch (outcome.kind) {
      case "stored":
        log.info("uploaded", "Result uploaded", { attemptId, files: pictures.length });
        held.end = { type: "completed", attemptId, files: pictures.map(({ sha256 }, index) => ({ index, sha256 })), servedBy, notes };
        break;
      case "given-away":
        log.warn("result-dropped", `The edge no longer wants this result: ${outcome.reason}`, { attemptId });
        // Said in case the edge still waits to hear that this attempt is over.
        send({ type: "stopped", attemptId });
        void this.forget(attemptId);
        return;
      case "unacceptable":
        log.error("upload-refused", `The edge refused the result: ${outcome.reason}`, { attemptId });
        held.end = failed(attemptId, `Upload refused: ${outcome.reason}`, outcome.isRetryable);
    }
    send(held.end);
  }

  #onUploadBroke({ attemptId }: SpoolMeta, held: Held, error: unknown): void {
    if (held.abort.signal.aborted || this.#deps.signal.aborted) return;
    this.#deps.log.error("spool-unreadable", `The spooled result cannot be read: ${messageOf(error)}`, { attemptId });
    held.end = failed(attemptId, "The agent lost the result before it was uploaded", true);
    this.#deps.send(held.end);
  }
}
