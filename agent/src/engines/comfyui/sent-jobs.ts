import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { writeFileAtomically } from "../../atomic-file.ts";
import type { Log } from "../../log.ts";
import { messageOf, parseJson } from "../../outside.ts";
import type { ComfyClient } from "./client.ts";

export interface SentJobsDeps {
  client: Pick<ComfyClient, "cancel" | "queue" | "forget">;
  /** Where their ids are kept for the next start; null keeps none. */
  path: string | null;
  /** How often a cancel that had no effect yet is repeated. */
  everyMs: number;
  log: Log;
  signal: AbortSignal;
}

const Ids = z.array(z.string()).catch([]);

/**
 * Jobs that may be in the server's hands. One that was given up, because the server fell silent or this program was killed, would be drawn
 * for nobody while the next task waits behind it: it is cancelled once the server answers. And none is left in the server's
 * history, where its prompt would stand for everybody who opens the page.
 */
export class SentJobs {
  readonly #deps: SentJobsDeps;
  readonly #open = new Set<string>();
  readonly #givenUp = new Set<string>();
  readonly #read: Promise<void>;
  #writing: Promise<void> = Promise.resolve();
  #clearing: Promise<void> = Promise.resolve();

  constructor(deps: SentJobsDeps) {
    this.#deps = deps;
    this.#read = this.#readOld();
  }

  /** Keeps in mind that this job is about to be sent. */
  async expect(promptId: string): Promise<void> {
    this.#open.add(promptId);
    await this.#write();
  }

  /** The server calls it otherwise. */
  async replace(promptId: string, actualId: string): Promise<void> {
    this.#open.delete(promptId);
    await this.expect(actualId);
  }

  /** It is over, and all that was wanted of it is here. */
  async over(promptId: string): Promise<void> {
    try {
      await this.#deps.client.forget(promptId);
      this.#open.delete(promptId);
      await this.#write();
    } catch {
      this.giveUp(promptId);
    }
  }

  /** Nobody waits for it any more, and the server may be at work on it. */
  giveUp(promptId: string): void {
    this.#open.delete(promptId);
    this.#givenUp.add(promptId);
    void this.#write();
    void this.clear();
  }

  /** Takes what was given up out of the server, while that answers: to be called when it may do so again. It never throws. */
  clear(): Promise<void> {
    this.#clearing = this.#clearing.then(() => this.#clearAll());
    return this.#clearing;
  }

  async #clearAll(): Promise<void> {
    const { everyMs, signal } = this.#deps;
    try {
      await this.#read;
      while (this.#givenUp.size > 0 && !signal.aborted) {
        for (const promptId of this.#givenUp) await this.#clearOne(promptId);
        if (this.#givenUp.size > 0) await sleep(everyMs, undefined, { signal });
      }
    } catch {
      // It is silent again, or this program ends.
    }
  }

  /** When all that is known is on the disk. */
  async close(): Promise<void> {
    await this.#writing;
  }

  async #clearOne(promptId: string): Promise<void> {
    const { client } = this.#deps;
    await client.cancel(promptId);
    const { running, waiting } = await client.queue();
    if (running.includes(promptId) || waiting.includes(promptId)) return;
    await client.forget(promptId);
    this.#givenUp.delete(promptId);
    await this.#write();
  }

  async #readOld(): Promise<void> {
    const { path } = this.#deps;
    if (path === null) return;
    const text = await readFile(path, "utf8").catch(() => "[]");
    for (const promptId of Ids.parse(parseJson(text))) if (!this.#open.has(promptId)) this.#givenUp.add(promptId);
  }

  /** One after the other, each with what is so by then. */
  #write(): Promise<void> {
    const { path, log } = this.#deps;
    if (path === null) return Promise.resolve();
    this.#writing = this.#writing.then(async () => {
      await this.#read;
      try {
        await writeFileAtomically(path, JSON.stringify([...this.#open, ...this.#givenUp]));
      } catch (error) {
        log.warn("engine-silent", `Which jobs ComfyUI has cannot be kept in ${path}: ${messageOf(error)}`);
      }
    });
    return this.#writing;
  }
}
