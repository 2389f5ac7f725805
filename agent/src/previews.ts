import { inspectMedia } from "./engines/media/inspect.ts";
import { type Shrink, shrinkPicture } from "./engines/media/shrink.ts";
import { stripMetadata } from "./engines/media/strip-metadata.ts";

/** What the edge takes (design, "Agent protocol"). */
const PREVIEW = { maxSide: 256, maxBytes: 20 * 1024, intervalMs: 1_000 } as const;

export interface PreviewsDeps {
  post: (picture: Uint8Array, contentType: string) => Promise<void>;
  /** A clock in milliseconds that never goes back. */
  nowMs: () => number;
  /** Told once per attempt, as whatever keeps a preview from being sent will keep the next one too. */
  onFailure: (error: unknown) => void;
  shrink?: Shrink;
}

type Draw = () => Promise<Uint8Array>;

/**
 * The previews of one attempt: the newest, at most one a second, and none that nobody looks at. Whatever goes wrong here
 * is the preview's own trouble, never the attempt's.
 */
export class Previews {
  readonly #deps: PreviewsDeps;
  #newest: Draw | null = null;
  #isWatched = false;
  #isSending = false;
  #sentAtMs = -Infinity;
  #timer: NodeJS.Timeout | null = null;
  #hasFailed = false;
  #isClosed = false;

  constructor(deps: PreviewsDeps) {
    this.#deps = deps;
  }

  /** Somebody begins to look, or nobody does any more. Who begins is shown the newest at once. */
  watch(isWatched: boolean): void {
    this.#isWatched = isWatched;
    this.#next();
  }

  /** The engine has something new to show. */
  offer(draw: Draw): void {
    this.#newest = draw;
    this.#next();
  }

  close(): void {
    this.#isClosed = true;
    this.#newest = null;
    if (this.#timer) clearTimeout(this.#timer);
  }

  #next(): void {
    if (!this.#isWatched || !this.#newest || this.#isSending || this.#timer || this.#isClosed) return;
    const waitMs = this.#sentAtMs + PREVIEW.intervalMs - this.#deps.nowMs();
    if (waitMs <= 0) void this.#send(this.#newest);
    else {
      this.#timer = setTimeout(() => {
        this.#timer = null;
        this.#next();
      }, waitMs);
    }
  }

  async #send(draw: Draw): Promise<void> {
    this.#newest = null;
    this.#isSending = true;
    this.#sentAtMs = this.#deps.nowMs();
    try {
      const { shrink = shrinkPicture, post } = this.#deps;
      const small = await shrink(await draw(), PREVIEW);
      const clean = small && inspectMedia(small.bytes) && stripMetadata(small.bytes, small.format);
      if (!small || !clean) throw new Error("the engine's preview cannot be read");
      if (!this.#isClosed) await post(clean, `image/${small.format.toLowerCase()}`);
    } catch (error) {
      if (!this.#hasFailed && !this.#isClosed) this.#deps.onFailure(error);
      this.#hasFailed = true;
    }
    this.#isSending = false;
    this.#next();
  }
}
