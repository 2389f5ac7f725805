import { setTimeout as sleep } from "node:timers/promises";
import type { BackoffLimits } from "../../backoff.ts";
import type { ComfyClient } from "./client.ts";
import type { JobEvent, SentPicture } from "./events.ts";
import { keepSocket } from "./socket.ts";

export interface LinesDeps {
  client: Pick<ComfyClient, "socketAddress">;
  newId: () => string;
  backoff: BackoffLimits;
  pingMs: number;
  signal: AbortSignal;
  onOpen: () => void;
  /** None is open any more, or none could be opened: once, until one is. */
  onDown: (why: string) => void;
  onEvent: (event: JobEvent) => void;
  onPicture: (picture: SentPicture) => void;
}

interface Line {
  /** Of the client, as the server calls it. */
  name: string;
  /** Connections that were tried under this name. */
  tries: number;
  /** Open ones that were sent under it. */
  jobs: number;
  isOpen: boolean;
  over: AbortController;
}

/**
 * The sockets to a server. Messages of a job go to the socket that has the name it was sent under, so a line that breaks comes back under
 * its name while jobs of it are open. But when an older half-open socket of that name ends at last, the server drops the name, and the
 * newer goes deaf: so no new job is sent under a name that was connected twice. It gets a line of its own, and the old one ends with its jobs.
 */
export class Lines {
  readonly #deps: LinesDeps;
  readonly #loops = new Set<Promise<void>>();
  readonly #lines = new Set<Line>();
  readonly #firstTry = Promise.withResolvers<void>();
  #newest: Line;
  #trouble: string | null = null;

  constructor(deps: LinesDeps) {
    this.#deps = deps;
    this.#newest = this.#start();
  }

  get isOpen(): boolean {
    return [...this.#lines].some((line) => line.isOpen);
  }

  /** Why none is open, as the newest try said; null while one is, and before the first try. */
  get trouble(): string | null {
    return this.#trouble;
  }

  /** Waits until one has been open, or could not be opened. */
  async whenTried(timeoutMs: number): Promise<void> {
    await Promise.race([this.#firstTry.promise, sleep(timeoutMs, undefined, { ref: false })]);
  }

  /** The name to send a job under, until `release`. */
  take(): { name: string; release: () => void } {
    if (this.#newest.tries > 1) {
      const worn = this.#newest;
      this.#newest = this.#start();
      this.#endIfIdle(worn);
    }
    const line = this.#newest;
    line.jobs++;
    const release = () => {
      line.jobs--;
      this.#endIfIdle(line);
    };
    return { name: line.name, release };
  }

  /** After `signal`: when all are closed. */
  async ended(): Promise<void> {
    await Promise.all(this.#loops);
  }

  #endIfIdle(line: Line): void {
    if (line !== this.#newest && line.jobs === 0) line.over.abort();
  }

  #start(): Line {
    const { client, newId, backoff, pingMs, signal, onEvent, onPicture } = this.#deps;
    const line: Line = { name: newId(), tries: 0, jobs: 0, isOpen: false, over: new AbortController() };
    this.#lines.add(line);
    const loop = keepSocket({
      address: () => {
        if (line.jobs === 0 && line.tries > 0) Object.assign(line, { name: newId(), tries: 0 });
        line.tries++;
        return client.socketAddress(line.name);
      },
      backoff,
      pingMs,
      signal: AbortSignal.any([signal, line.over.signal]),
      onOpen: () => {
        line.isOpen = true;
        this.#trouble = null;
        this.#firstTry.resolve();
        this.#deps.onOpen();
      },
      onDown: (why) => {
        line.isOpen = false;
        this.#firstTry.resolve();
        if (this.isOpen) return;
        const isNew = this.#trouble === null;
        this.#trouble = why;
        if (isNew) this.#deps.onDown(why);
      },
      onEvent,
      onPicture,
    }).finally(() => {
      this.#lines.delete(line);
      this.#loops.delete(loop);
    });
    this.#loops.add(loop);
    return line;
  }
}
