import type { BackoffLimits } from "../../backoff.ts";
import type { Log } from "../../log.ts";
import { messageOf } from "../../outside.ts";
import type { EngineHealth } from "../engine.ts";
import type { ComfyClient } from "./client.ts";
import type { JobEvent, SentPicture } from "./events.ts";
import { Lines } from "./lines.ts";
import { Presence } from "./presence.ts";
import { ServerProcess, type ServerProcessTimings } from "./server-process.ts";
import type { ComfyUISettings } from "./settings.ts";

export interface ServerLinkTimings extends ServerProcessTimings {
  reconnect: BackoffLimits;
  pingMs: number;
  /** A server that lives answers within this. */
  healthMs: number;
  /** A line that is back sooner has taken no models away. */
  withdrawMs: number;
}

export interface ServerLinkDeps {
  client: ComfyClient;
  /** Starts the server; left out, somebody else runs it. */
  start: ComfyUISettings["start"];
  timings: ServerLinkTimings;
  log: Log;
  newId: () => string;
  /** A line is open, the first or again. */
  onOpen: () => void;
  /** Nothing can be run, and nothing is in its memory. */
  onGone: () => void;
  onEvent: (event: JobEvent) => void;
  onPicture: (picture: SentPicture) => void;
}

/** The way to a server, whoever runs it, and what is known of its being there. */
export class ServerLink {
  readonly #deps: ServerLinkDeps;
  readonly #over = new AbortController();
  readonly #lines: Lines;
  readonly #presence: Presence;
  readonly #process: ServerProcess | null;
  readonly #serving: Promise<void> | undefined;

  constructor(deps: ServerLinkDeps) {
    this.#deps = deps;
    const { client, start, timings, log, newId, onEvent, onPicture } = deps;
    const { signal } = this.#over;
    this.#presence = new Presence(timings.withdrawMs, deps.onGone);
    this.#lines = new Lines({
      client,
      newId,
      backoff: timings.reconnect,
      pingMs: timings.pingMs,
      signal,
      onOpen: () => this.#onOpen(),
      onDown: (why) => this.#onDown(why),
      onEvent: (event) => {
        this.#process?.noteLife();
        onEvent(event);
      },
      onPicture,
    });
    const isAnswering = () => this.#isAnswering();
    this.#process = start ? new ServerProcess({ start, isAnswering, timings, log, signal, onEnd: () => this.#presence.gone() }) : null;
    this.#serving = this.#process?.keep();
  }

  /** The name to send a job under, until `release`. */
  take(): { name: string; release: () => void } {
    return this.#lines.take();
  }

  /** Makes a server of our own let go of what it does; another's works on. @param why for the log, as in "ComfyUI hangs" */
  restart(why: string): void {
    this.#process?.restart(why);
  }

  async health(): Promise<EngineHealth> {
    const { client, timings } = this.#deps;
    try {
      const [{ freeMemoryBytes }] = await Promise.all([client.stats(timings.healthMs), this.#lines.whenTried(timings.healthMs)]);
      if (!this.#lines.isOpen && !this.#presence.isUp) {
        const why = this.#lines.trouble ?? "it has not been opened yet";
        return { isReady: false, reason: `ComfyUI at ${client.shownAddress} answers, but its WebSocket does not: ${why}` };
      }
      return { isReady: true, ...(freeMemoryBytes !== null && { freeMemoryBytes }) };
    } catch (error) {
      return { isReady: false, reason: `ComfyUI at ${client.shownAddress} does not answer: ${messageOf(error)}` };
    }
  }

  /**
   * After a silence: where it is gone, that is told before the task is given back, or this agent would be the first to be offered it again.
   * @returns whether it is gone. Its line may hold all the same, and then nothing tells when it is back.
   */
  async doubt(): Promise<boolean> {
    if (await this.#isAnswering()) return false;
    this.#presence.gone();
    return true;
  }

  async close(): Promise<void> {
    this.#over.abort();
    this.#presence.close();
    await Promise.all([this.#lines.ended(), this.#serving]);
  }

  #onOpen(): void {
    this.#process?.noteLife();
    this.#presence.onOpen();
    this.#deps.onOpen();
  }

  #onDown(why: string): void {
    const { log, client } = this.#deps;
    log.warn("engine-silent", `ComfyUI at ${client.shownAddress} cannot be reached, and is tried again: ${why}`);
    this.#presence.onDown();
  }

  #isAnswering(): Promise<boolean> {
    const { client, timings } = this.#deps;
    return client.stats(timings.healthMs).then(
      () => true,
      () => false,
    );
  }
}
