import { createHash } from "node:crypto";
import { type FileHandle, open } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { InputFile } from "@star-graph/shared/agent-protocol";
import { backoffMs, retryAfterMs } from "./backoff.ts";
import { NOT_THE_EDGE, wordsOfEdge } from "./edge-answer.ts";
import { EngineError, type RunOptions } from "./engines/engine.ts";
import type { InputStore } from "./input-cache.ts";
import { messageOf } from "./outside.ts";
import { judgeStatus, type UploadOptions } from "./upload.ts";

/** A file that arrives broken this often is broken where it lies. */
const MAX_BROKEN = 3;

export interface FetchOptions extends UploadOptions {
  /** A picture that is not there after this has the task go to another box. */
  limitMs: number;
  cache: InputStore;
  /** The cache cannot be read or written. The attempt goes on without it. */
  onCacheTrouble: (error: unknown) => void;
}

/**
 * Brings the pictures that a task works on into the run's folder: from the cache, else from the edge, as often as it takes.
 * @throws {EngineError} when the edge has them no more, gives what is not what the offer said, or cannot be reached in time.
 * @throws the file system's error when they cannot be written.
 * @throws the signal's reason when aborted.
 */
export async function fetchInputs(
  inputs: readonly InputFile[],
  grant: string,
  folder: string,
  options: FetchOptions,
): Promise<RunOptions["inputs"]> {
  const { cache, onCacheTrouble } = options;
  const fetched: RunOptions["inputs"] = {};
  for (const input of inputs) {
    const path = join(folder, `input-${input.name}`);
    const isThere = await cache.take(input, path).catch((error: unknown) => {
      onCacheTrouble(error);
      return false;
    });
    if (!isThere) {
      await fetchInput(input, grant, path, options);
      await cache.keep(input, path).catch(onCacheTrouble);
    }
    fetched[input.name] = { path };
  }
  return fetched;
}

async function fetchInput(input: InputFile, grant: string, path: string, options: FetchOptions): Promise<void> {
  const limit = AbortSignal.timeout(options.limitMs);
  try {
    await fetchUntilThere(input, grant, path, { ...options, signal: AbortSignal.any([options.signal, limit]) });
  } catch (error) {
    if (error instanceof DiskError) throw error.cause;
    if (options.signal.aborted || error !== limit.reason) throw error;
    // Nobody knows whether the line or the edge is at fault, but another box may have a better line.
    throw new EngineError("INTERNAL", "The agent could not fetch the input picture", { isRetryable: true });
  }
}

async function fetchUntilThere(input: InputFile, grant: string, path: string, options: UploadOptions): Promise<void> {
  let broken = 0;
  for (let failures = 0; ; failures++) {
    const { outcome, reason, notBeforeMs } = await tryFetch(input, grant, path, options);
    options.signal.throwIfAborted();
    if (outcome === "stored") return;
    if (outcome === "refused")
      throw new EngineError("INTERNAL", `The edge does not give the input picture: ${reason}`, { isRetryable: false });
    if (outcome === "broken" && ++broken === MAX_BROKEN) {
      throw new EngineError("INTERNAL", `The input picture arrived broken: ${reason}`, { isRetryable: true });
    }
    const waitMs = Math.max(notBeforeMs, backoffMs(failures, Math.random(), options.backoff));
    options.onRetry(reason, waitMs);
    await sleep(waitMs, undefined, { signal: options.signal }).catch(() => {});
    options.signal.throwIfAborted();
  }
}

interface Tried {
  outcome: "stored" | "refused" | "broken" | "retry";
  reason: string;
  notBeforeMs: number;
}

/** @throws {DiskError} */
async function tryFetch(input: InputFile, grant: string, path: string, options: UploadOptions): Promise<Tried> {
  try {
    const { statusCode, headers, body } = await options.request(input.url, {
      headers: { authorization: `Bearer ${grant}` },
      signal: options.signal,
    });
    if (statusCode === 200) return await receive(input, path, body);
    const words = await wordsOfEdge(body);
    const isPassing = words === null || judgeStatus(statusCode) === "retry";
    return {
      outcome: isPassing ? "retry" : "refused",
      reason: `${statusCode} ${words ?? NOT_THE_EDGE}`,
      notBeforeMs: retryAfterMs(headers["retry-after"]),
    };
  } catch (error) {
    if (error instanceof DiskError) throw error;
    return { outcome: "retry", reason: messageOf(error), notBeforeMs: 0 };
  }
}

async function receive(input: InputFile, path: string, body: AsyncIterable<Buffer>): Promise<Tried> {
  const hash = createHash("sha256");
  let bytes = 0;
  let file: FileHandle | null = null;
  try {
    for await (const chunk of body) {
      bytes += chunk.length;
      // Not read to its end when it is not what was announced.
      if (bytes > input.size) break;
      hash.update(chunk);
      file ??= await onDisk(open(path, "w", 0o600));
      await onDisk(file.writeFile(chunk));
    }
  } finally {
    if (file) await onDisk(file.close());
  }
  const isWhole = bytes === input.size && hash.digest("hex") === input.sha256;
  return { outcome: isWhole ? "stored" : "broken", reason: `${bytes} of ${input.size} bytes, or another checksum`, notBeforeMs: 0 };
}

/** The disk of this box takes no more: asking the edge again would not mend that. */
class DiskError extends Error {
  constructor(cause: unknown) {
    super("The input picture could not be written", { cause });
  }
}

async function onDisk<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw new DiskError(error);
  }
}
