import { Worker } from "node:worker_threads";
import type { PixelOrder, PixelWorks } from "./pixel-works.ts";

/** From source, or as the published package has it. */
const WORKER_FILE = new URL(import.meta.url.endsWith(".ts") ? "./pixel-worker.ts" : "./pixel-worker.js", import.meta.url);
/** Before 22.18 Node reads TypeScript only when told to, and a thread does not get the loader that its parent registered. */
const READING_TYPESCRIPT = ["--experimental-strip-types", "--disable-warning=ExperimentalWarning"];
/** Several times what the largest picture takes on a slow machine. */
const LIMIT_MS = 120_000;
/** Previews come every second; after that the thread's memory is given back. */
const IDLE_MS = 10_000;

/** One at a time: a picture of a stranger's choosing may take hundreds of megabytes. */
let before: Promise<unknown> = Promise.resolve();
let thread: PixelThread | null = null;

/**
 * Works on a picture in a thread of its own: a few kilobytes can hold sixty megapixels, and while those are decoded nobody
 * would answer the edge or hear of a cancel.
 * @returns null when it cannot be read.
 */
export function inPixelThread<Name extends keyof PixelWorks>(
  name: Name,
  picture: Uint8Array,
  order: PixelWorks[Name]["order"],
): Promise<PixelWorks[Name]["made"] | null> {
  const made = before.then(() => {
    thread ??= new PixelThread((ending) => (thread = ending === thread ? null : thread));
    return thread.ask({ name, picture: Uint8Array.from(picture), order } as PixelOrder);
  });
  before = made;
  return made as Promise<PixelWorks[Name]["made"] | null>;
}

/** Ends when it throws, takes too long, or has nothing to do. */
class PixelThread {
  readonly #worker = new Worker(WORKER_FILE, WORKER_FILE.pathname.endsWith(".ts") ? { execArgv: READING_TYPESCRIPT } : {});
  #answer: ((made: unknown) => void) | null = null;
  #timer: NodeJS.Timeout | null = null;
  readonly #onEnd: (ending: PixelThread) => void;

  /** @param onEnd told before it is over: from then on it must not be asked. */
  constructor(onEnd: (ending: PixelThread) => void) {
    this.#onEnd = onEnd;
    this.#worker.on("message", (made) => this.#settle(made));
    // Why a picture could not be read interests nobody; the end follows.
    this.#worker.on("error", () => {});
    this.#worker.on("exit", () => {
      onEnd(this);
      this.#settle(null);
      if (this.#timer) clearTimeout(this.#timer);
    });
  }

  ask(order: PixelOrder): Promise<unknown> {
    return new Promise((resolve) => {
      this.#answer = resolve;
      this.#worker.ref();
      this.#endIn(LIMIT_MS);
      this.#worker.postMessage(order, [order.picture.buffer as ArrayBuffer]);
    });
  }

  /** With nothing to do it keeps nobody from leaving. */
  #settle(made: unknown): void {
    this.#answer?.(made);
    this.#answer = null;
    this.#worker.unref();
    this.#endIn(IDLE_MS);
  }

  #endIn(ms: number): void {
    if (this.#timer) clearTimeout(this.#timer);
    const end = () => {
      this.#onEnd(this);
      void this.#worker.terminate();
    };
    this.#timer = setTimeout(end, ms).unref();
  }
}
