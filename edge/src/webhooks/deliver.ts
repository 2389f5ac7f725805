import { nextTryAt } from "./schedule.ts";
import { type SecretVersion, signingVersions, webhookSecret } from "./secret.ts";
import { signedHeaders } from "./sign.ts";
import type { Delivery } from "./store.ts";

/** A message that is owed to a client's server. */
export interface Callback {
  userId: number;
  taskId: string;
  url: string;
  /** JSON, the same bytes at every try. */
  body: string;
  /** Tries made. */
  tries: number;
}

type Fetch = (url: string, init: RequestInit) => Promise<Response>;

export interface DeliverDeps {
  tokenSecret: string;
  secretVersion(userId: number): Promise<SecretVersion>;
  logDelivery(delivery: Delivery): Promise<void>;
  fetch: Fetch;
  now(): number;
}

const TIMEOUT_MS = 15_000;
/** "Do not send again", as Standard Webhooks reads it. */
const GONE = 410;

/** Its receiver knows a repeat by it: the end of a task is one message, however often it is sent. */
const messageId = (taskId: string): string => `msg_${taskId}`;

/**
 * Tries once to deliver a callback and writes down what came of it. Redirects are not followed: the address was checked,
 * the one it points to was not.
 * @returns when to try again; null when it arrived, or is given up.
 */
export async function deliverCallback(deps: DeliverDeps, callback: Callback): Promise<number | null> {
  const { taskId, url, body, tries } = callback;
  const startTime = deps.now();
  const versions = signingVersions(await deps.secretVersion(callback.userId), startTime);
  const secrets = await Promise.all(versions.map((version) => webhookSecret(deps.tokenSecret, callback.userId, version)));
  const outcome = await post(deps.fetch, callback, await signedHeaders(secrets, { id: messageId(taskId), body }, startTime));
  const isOver = outcome.httpStatus !== null && (outcome.httpStatus === GONE || (outcome.httpStatus >= 200 && outcome.httpStatus < 300));
  const ended = deps.now();
  const nextTime = isOver ? null : nextTryAt(tries + 1, ended);
  await deps.logDelivery({ taskId, attempt: tries + 1, url, startTime, durationMs: ended - startTime, ...outcome, nextTime });
  return nextTime;
}

async function post(
  fetch: Fetch,
  { url, body }: Callback,
  signature: Record<string, string>,
): Promise<{ httpStatus: number | null; error: string | null }> {
  // Cleared below: `AbortSignal.timeout` would keep the hub awake for all of it.
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), TIMEOUT_MS);
  try {
    const response = await fetch(url, {
      method: "POST",
      headers: { "Content-Type": "application/json", "User-Agent": "Star-Graph-Webhook/1", ...signature },
      body,
      redirect: "manual",
      signal: abort.signal,
    });
    // What it says is not read; an unread body would keep the connection.
    await response.body?.cancel();
    return { httpStatus: response.status, error: null };
  } catch {
    // The network's own words could say what lies behind an address.
    return { httpStatus: null, error: abort.signal.aborted ? "no answer in 15 s" : "could not be reached" };
  } finally {
    clearTimeout(timer);
  }
}
