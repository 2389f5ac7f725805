/**
 * A few threads that draw, so that the caller's event loop stays free. Jobs wait in line; each thread has one at a
 * time, and its memory is limited. A thread that dies fails its own job and is replaced with the next one.
 */
import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { UnusableImageError, type SceneOptions, type SceneResult } from "../requests.ts";
import type { RuntimeName } from "../runtime.ts";
import type { FromWorker, Job, ToWorker } from "./messages.ts";

/** More threads gain little: libvips and the encoder are quick, and each thread holds its own drawings. */
const MOST_THREADS = 4;
const HEAP_MEGABYTES = 512;
/** Pictures live outside the heap; a small nursery frees them sooner. */
const YOUNG_HEAP_MEGABYTES = 16;
/** From source, or as the published package has it. */
const WORKER_FILE = new URL(import.meta.url.endsWith(".ts") ? "./worker.ts" : "./worker.mjs", import.meta.url);
/** Before 22.18 Node reads TypeScript only when told to, and a thread does not get the loader that its parent registered. */
const READING_TYPESCRIPT = ["--experimental-strip-types", "--disable-warning=ExperimentalWarning"];

interface Pending {
  id: number;
  job: Job;
  options: SceneOptions;
  cancelled: Int32Array;
  resolve(result: SceneResult): void;
  reject(error: unknown): void;
}

interface Thread {
  worker: Worker;
  /** Resolved when the models are loaded. */
  ready: Promise<RuntimeName>;
  current: Pending | null;
  previews: Map<number, { resolve(bytes: Uint8Array): void; reject(error: Error): void }>;
}

export interface WorkerPool {
  /** @throws when no thread can load the models. */
  start(): Promise<RuntimeName>;
  /** @throws the signal's reason as soon as it is aborted; the thread follows within a step. */
  run(job: Job, options: SceneOptions): Promise<SceneResult>;
  close(): Promise<void>;
}

export function createWorkerPool(threadCount = Math.min(MOST_THREADS, availableParallelism())): WorkerPool {
  const threads = new Set<Thread>();
  const queue: Pending[] = [];
  let ids = 0;
  let isClosed = false;

  const assign = (): void => {
    while (queue.length > 0) {
      const idle = [...threads].find(({ current }) => current === null) ?? (threads.size < threadCount ? spawn() : undefined);
      if (!idle) return;
      const next = queue.shift();
      if (next) give(idle, next);
    }
  };

  const give = (thread: Thread, pending: Pending): void => {
    thread.current = pending;
    thread.worker.ref();
    const { id, job, cancelled } = pending;
    const send = (): void => {
      const buffer = cancelled.buffer as SharedArrayBuffer;
      thread.worker.postMessage({ type: "run", id, job, cancelled: buffer } satisfies ToWorker);
    };
    // A thread that cannot start fails its job through `lose`.
    thread.ready.then(send, () => undefined);
  };

  const release = (thread: Thread): void => {
    thread.current = null;
    thread.worker.unref();
    assign();
  };

  const spawn = (): Thread => {
    const worker = new Worker(WORKER_FILE, {
      ...(process.features.typescript || !WORKER_FILE.pathname.endsWith(".ts") ? {} : { execArgv: READING_TYPESCRIPT }),
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MEGABYTES, maxYoungGenerationSizeMb: YOUNG_HEAP_MEGABYTES },
    });
    const started = Promise.withResolvers<RuntimeName>();
    started.promise.catch(() => undefined);
    const thread: Thread = { worker, ready: started.promise, current: null, previews: new Map() };
    threads.add(thread);
    const lose = (error: Error): void => {
      if (!threads.delete(thread)) return;
      started.reject(error);
      thread.current?.reject(error);
      for (const asked of thread.previews.values()) asked.reject(error);
      if (!isClosed) assign();
    };
    worker.on("message", (message: FromWorker) => {
      switch (message.type) {
        case "ready":
          started.resolve(message.runtime);
          return;
        case "unusable":
          lose(new Error(message.message));
          void worker.terminate();
          return;
        case "step":
          void hearStep(thread, message);
          return;
        case "preview":
          hearPreview(thread, message);
          return;
        case "done":
          thread.current?.resolve(message.result);
          release(thread);
          return;
        case "failed":
          thread.current?.reject(message.isUnusableImage ? new UnusableImageError(message.message) : new Error(message.message));
          release(thread);
          return;
      }
    });
    worker.on("error", lose);
    worker.on("exit", () => lose(new Error("the drawing thread ended")));
    return thread;
  };

  const hearStep = async (thread: Thread, { id, step, totalSteps }: Extract<FromWorker, { type: "step" }>): Promise<void> => {
    const pending = thread.current;
    if (pending?.id !== id) return;
    try {
      if (!pending.options.signal.aborted) {
        await pending.options.onStep({ step, totalSteps, renderPreview: () => askPreview(thread, id, step) });
      }
    } catch (error) {
      cancel(pending, error);
    }
    thread.worker.postMessage({ type: "proceed", id } satisfies ToWorker);
  };

  const askPreview = (thread: Thread, id: number, step: number): Promise<Uint8Array> => {
    if (!threads.has(thread)) return Promise.reject(new Error("the preview is gone"));
    ids += 1;
    const previewId = ids;
    const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>();
    thread.previews.set(previewId, { resolve, reject });
    thread.worker.postMessage({ type: "preview", id, previewId, step } satisfies ToWorker);
    return promise;
  };

  const hearPreview = (thread: Thread, { previewId, bytes }: Extract<FromWorker, { type: "preview" }>): void => {
    const asked = thread.previews.get(previewId);
    thread.previews.delete(previewId);
    if (bytes) asked?.resolve(bytes);
    else asked?.reject(new Error("the preview is gone"));
  };

  const cancel = (pending: Pending, reason: unknown): void => {
    Atomics.store(pending.cancelled, 0, 1);
    const place = queue.indexOf(pending);
    if (place >= 0) queue.splice(place, 1);
    pending.reject(reason);
  };

  return {
    start: async () => {
      const [thread = spawn()] = threads;
      thread.worker.ref();
      try {
        return await thread.ready;
      } finally {
        if (!thread.current) thread.worker.unref();
      }
    },
    run: async (job, options) => {
      options.signal.throwIfAborted();
      if (isClosed) throw new Error("the engine is closed");
      ids += 1;
      const { promise, resolve, reject } = Promise.withResolvers<SceneResult>();
      const pending: Pending = { id: ids, job, options, cancelled: new Int32Array(new SharedArrayBuffer(4)), resolve, reject };
      const onAbort = (): void => cancel(pending, options.signal.reason);
      options.signal.addEventListener("abort", onAbort, { once: true });
      queue.push(pending);
      assign();
      try {
        return await promise;
      } finally {
        options.signal.removeEventListener("abort", onAbort);
      }
    },
    close: async () => {
      isClosed = true;
      for (const pending of queue.splice(0)) pending.reject(new Error("the engine is closed"));
      await Promise.all([...threads].map(({ worker }) => worker.terminate()));
    },
  };
}
