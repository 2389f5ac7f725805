import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { backoffMs, type BackoffLimits, retryAfterMs } from "./backoff.ts";
import { NOT_THE_EDGE, wordsOfEdge } from "./edge-answer.ts";
import type { HttpRequest } from "./network.ts";
import { messageOf } from "./outside.ts";
import type { SpooledFile } from "./spool-entry.ts";

export interface UploadTarget {
  url: string;
  grant: string;
}

export interface UploadOptions {
  request: HttpRequest;
  backoff: BackoffLimits;
  signal: AbortSignal;
  /** Told before each wait, so that a log can say why nothing moves. */
  onRetry: (reason: string, waitMs: number) => void;
}

export type UploadOutcome =
  | { kind: "stored" }
  /** The edge has given the attempt to somebody else, or forgotten it: nothing is left to say. */
  | { kind: "given-away"; reason: string }
  /** The edge still wants the attempt, but never this file. `isRetryable`: another run may make a better one. */
  | { kind: "unacceptable"; reason: string; isRetryable: boolean };

/** What the edge means for the file with a status. Anything not foreseen is no reason to try for ever. */
export function judgeStatus(status: number): "stored" | "given-away" | "unacceptable" | "retry" {
  if (status >= 200 && status < 300) return "stored";
  if (status >= 500 || status === 408 || status === 425 || status === 429) return "retry";
  if ([401, 403, 404, 409, 410].includes(status)) return "given-away";
  return "unacceptable";
}

/** What an answer means when it is not the edge's: the file is as good as before, unless a box on the way never lets it pass. */
const judgeForeignStatus = (status: number) => (status === 413 ? "unacceptable" : "retry");

/**
 * Sends one spooled file, as often as it takes. PUT is idempotent: a repeat after a lost answer changes nothing.
 * @throws the signal's reason when aborted, or the file system's error when the file cannot be read.
 */
export async function uploadFile(path: string, file: SpooledFile, target: UploadTarget, options: UploadOptions): Promise<UploadOutcome> {
  for (let failures = 0; ; failures++) {
    await stat(path);
    const { verdict, reason, isFinal, notBeforeMs } = await tryUpload(path, file, target, options);
    options.signal.throwIfAborted();
    switch (verdict) {
      case "stored":
        return { kind: "stored" };
      case "given-away":
        return { kind: "given-away", reason };
      case "unacceptable":
        return { kind: "unacceptable", reason, isRetryable: !isFinal };
      case "retry": {
        const waitMs = Math.max(notBeforeMs, backoffMs(failures, Math.random(), options.backoff));
        options.onRetry(reason, waitMs);
        await sleep(waitMs, undefined, { signal: options.signal });
      }
    }
  }
}

interface Attempted {
  verdict: ReturnType<typeof judgeStatus>;
  reason: string;
  /** No other run and no other box makes a file that is taken. */
  isFinal: boolean;
  notBeforeMs: number;
}

async function tryUpload(path: string, file: SpooledFile, target: UploadTarget, options: UploadOptions): Promise<Attempted> {
  try {
    const { statusCode, headers, body } = await options.request(target.url, {
      method: "PUT",
      headers: {
        authorization: `Bearer ${target.grant}`,
        "content-type": file.contentType,
        "content-length": String(file.bytes),
        "content-digest": contentDigest(file.sha256),
      },
      body: createReadStream(path),
      signal: options.signal,
    });
    const words = await wordsOfEdge(body);
    return {
      verdict: words === null ? judgeForeignStatus(statusCode) : judgeStatus(statusCode),
      reason: `${statusCode} ${words ?? NOT_THE_EDGE}`,
      // A checksum or a format that did not hold (400, 415): another run may do better. The edge's size limit will not move.
      isFinal: statusCode === 413 && words !== null,
      notBeforeMs: retryAfterMs(headers["retry-after"]),
    };
  } catch (error) {
    return { verdict: "retry", reason: messageOf(error), isFinal: false, notBeforeMs: 0 };
  }
}

/** RFC 9530. */
export function contentDigest(sha256Hex: string): string {
  return `sha-256=:${Buffer.from(sha256Hex, "hex").toString("base64")}:`;
}
