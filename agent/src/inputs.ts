import { createHash } from "node:crypto";
import { createWriteStream } from "node:fs";
import { join } from "node:path";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { setTimeout as sleep } from "node:timers/promises";
import type { InputFile } from "@star-graph/shared/agent-protocol";
import { backoffMs, retryAfterMs } from "./backoff.ts";
import { EngineError, type RunOptions } from "./engines/engine.ts";
import type { InputStore } from "./input-cache.ts";
import { messageOf } from "./outside.ts";
import { judgeStatus, type UploadOptions } from "./upload.ts";

/** A file that arrives broken this often is broken where it lies. */
const MAX_BROKEN = 3;

export interface FetchOptions extends UploadOptions {
  cache: InputStore;
  /** The cache cannot be read or written. The attempt goes on without it. */
  onCacheTrouble: (error: unknown) => void;
}

/**
 * Brings the pictures that a task works on into the run's folder: from the cache, else from the edge, as often as it takes.
 * @throws {EngineError} when the edge has them no more, or gives what is not what the offer said.
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

async function fetchInput(input: InputFile, grant: string, path: string, options: UploadOptions): Promise<void> {
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
    await sleep(waitMs, undefined, { signal: options.signal });
  }
}

interface Tried {
  outcome: "stored" | "refused" | "broken" | "retry";
  reason: string;
  notBeforeMs: number;
}

async function tryFetch(input: InputFile, grant: string, path: string, options: UploadOptions): Promise<Tried> {
  try {
    const answer = await options.request(input.url, {
      headers: { authorization: `Bearer ${grant}` },
      signal: options.signal,
    });
    const { statusCode: status } = answer;
    if (status !== 200) {
      await answer.body.dump();
      const isPassing = judgeStatus(status) === "retry";
      return { outcome: isPassing ? "retry" : "refused", reason: String(status), notBeforeMs: retryAfterMs(answer.headers["retry-after"]) };
    }
    const hash = createHash("sha256");
    let bytes = 0;
    const measure = new Transform({
      transform(chunk: Buffer, _encoding, done) {
        hash.update(chunk);
        bytes += chunk.length;
        // Not read to its end when it is not what was announced.
        done(bytes > input.size ? new Error(`more than ${input.size} bytes`) : null, chunk);
      },
    });
    await pipeline(answer.body, measure, createWriteStream(path, { mode: 0o600 }));
    const isWhole = bytes === input.size && hash.digest("hex") === input.sha256;
    return { outcome: isWhole ? "stored" : "broken", reason: `${bytes} of ${input.size} bytes, or another checksum`, notBeforeMs: 0 };
  } catch (error) {
    return { outcome: "retry", reason: messageOf(error), notBeforeMs: 0 };
  }
}
