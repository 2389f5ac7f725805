/** The thread that does the computing. The pool gives it one job at a time and hears of every step. */
import { parentPort } from "node:worker_threads";
import sharp from "sharp";
import { runJob } from "../jobs/run-job.ts";
import { openStudio, type Studio } from "../studio.ts";
import { UnusableImageError } from "../requests.ts";
import type { FromWorker, ToWorker } from "./messages.ts";

/** Previews of so many steps can still be asked for. */
const KEPT_PREVIEWS = 8;

const port = parentPort;
if (!port) throw new Error("this file is the entry of a worker thread");
const say = (message: FromWorker): void => port.postMessage(message);

// The threads of the pool share the machine; libvips need not multiply them.
sharp.concurrency(1);
sharp.cache(false);

const previews = new Map<string, () => Promise<Uint8Array>>();
const waiting = new Map<number, () => void>();

function keepPreview(key: string, render: () => Promise<Uint8Array>): void {
  previews.set(key, render);
  const [oldest] = previews.keys();
  if (previews.size > KEPT_PREVIEWS && oldest !== undefined) previews.delete(oldest);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

async function run(studio: Studio, message: Extract<ToWorker, { type: "run" }>): Promise<void> {
  const { id, job } = message;
  const cancelled = new Int32Array(message.cancelled);
  const throwIfAborted = (): void => {
    if (Atomics.load(cancelled, 0) !== 0) throw new Error("cancelled");
  };
  try {
    const result = await runJob(studio, job, {
      signal: { throwIfAborted },
      onStep: async (step, totalSteps, renderPreview) => {
        throwIfAborted();
        keepPreview(`${id} ${step}`, renderPreview);
        const proceed = new Promise<void>((resolve) => waiting.set(id, resolve));
        say({ type: "step", id, step, totalSteps });
        await proceed;
        throwIfAborted();
      },
    });
    say({ type: "done", id, result });
  } catch (error) {
    say({ type: "failed", id, message: messageOf(error), isUnusableImage: error instanceof UnusableImageError });
  }
}

async function preview({ id, previewId, step }: Extract<ToWorker, { type: "preview" }>): Promise<void> {
  // Steps may be quicker than whoever looks at them: then the newest one of the same task is shown.
  const newest = [...previews.keys()].findLast((key) => key.startsWith(`${id} `));
  const render = previews.get(`${id} ${step}`) ?? previews.get(newest ?? "");
  const bytes = (await render?.().catch(() => null)) ?? null;
  say({ type: "preview", previewId, bytes });
}

async function start(): Promise<void> {
  let studio: Studio;
  try {
    studio = await openStudio();
  } catch (error) {
    say({ type: "unusable", message: messageOf(error) });
    return;
  }
  port?.on("message", (message: ToWorker) => {
    switch (message.type) {
      case "run":
        void run(studio, message);
        return;
      case "proceed":
        waiting.get(message.id)?.();
        waiting.delete(message.id);
        return;
      case "preview":
        void preview(message);
        return;
    }
  });
  say({ type: "ready", runtime: studio.runtime });
}

void start();
