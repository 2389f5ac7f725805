import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { backoffMs, type BackoffLimits, retryAfterMs } from "./backoff.ts";
import type { HttpRequest } from "./network.ts";
import { messageOf, parseJson } from "./outside.ts";
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

/** What an answer's status means for the file. Anything not foreseen is no reason to try for ever. */
export function judgeStatus(status: number): "stored" | "given-away" | "unacceptable" | "retry" {
  if (status >= 200 && status < 300) return "stored";
  if (status >= 500 || status === 408 || status === 425 || status === 429) return "retry";
  if ([401, 403, 404, 409, 410].includes(status)) return "given-away";
  return "unacceptable";
}

/**
 * Sends one spooled file, as often as it takes. PUT is idempotent: a repeat after a lost answer changes nothing.
 * @throws the signal's reason when aborted, or the file system's error when the file cannot be read.
 */
export async function uploadFile(path: string, file: SpooledFile, target: UploadTarget, options: UploadOptions): Promise<UploadOutcome> {
  for (let failures = 0; ; failures++) {
    await stat(path);
    const { reason, status, notBeforeMs } = await tryUpload(path, file, target, options);
    options.signal.throwIfAborted();
    switch (status === null ? "retry" : judgeStatus(status)) {
      case "stored":
        return { kind: "stored" };
      case "given-away":
        return { kind: "given-away", reason };
      case "unacceptable":
        // A checksum or a format that did not hold (400, 415): another run may do better. A size limit will not move.
        return { kind: "unacceptable", reason, isRetryable: status !== 413 };
      case "retry": {
        const waitMs = Math.max(notBeforeMs, backoffMs(failures, Math.random(), options.backoff));
        options.onRetry(reason, waitMs);
        await sleep(waitMs, undefined, { signal: options.signal });
      }
    }
  }
}

interface Attempted {
  /** Null when no answer came. */
  status: number | null;
  reason: string;
  notBeforeMs: number;
}

async function tryUpload(path: string, file: SpooledFile, target: UploadTarget, options: UploadOptions): Promise<Attempted> {
  try {
    const answer = await options.request(target.url, {
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
    const reason = `${answer.statusCode} ${edgeMessage(await readBounded(answer.body))}`.trim();
    return { status: answer.statusCode, reason, notBeforeMs: retryAfterMs(answer.headers["retry-after"]) };
  } catch (error) {
    return { status: null, reason: messageOf(error), notBeforeMs: 0 };
  }
}

/** RFC 9530. */
export function contentDigest(sha256Hex: string): string {
  return `sha-256=:${Buffer.from(sha256Hex, "hex").toString("base64")}:`;
}

const Envelope = z.object({ code: z.union([z.number(), z.string()]), message: z.string() });
const MAX_ANSWER_CHARACTERS = 64 * 1024;

function edgeMessage(body: string): string {
  const envelope = Envelope.safeParse(parseJson(body));
  return envelope.success ? envelope.data.message.slice(0, 500) : "";
}

async function readBounded(body: AsyncIterable<Buffer>): Promise<string> {
  let text = "";
  for await (const chunk of body) {
    text += chunk.toString("utf8");
    if (text.length > MAX_ANSWER_CHARACTERS) break;
  }
  return text;
}
