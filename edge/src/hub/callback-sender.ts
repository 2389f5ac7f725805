import { log } from "../http/log.ts";
import { type Callback, deliverCallback, type DeliverDeps } from "../webhooks/deliver.ts";
import type { CallbackStore } from "./callback-store.ts";

/** What a hub is asked to tell its user's own server. */
export type OwedCallback = Pick<Callback, "userId" | "url" | "body">;

/** Sends what is owed to the user's own server when it is due. The hub wakes it: by an end, or by its alarm. */
export class CallbackSender {
  readonly #store: CallbackStore;
  readonly #deps: DeliverDeps;

  constructor(store: CallbackStore, deps: DeliverDeps) {
    this.#store = store;
    this.#deps = deps;
  }

  owe(taskId: string, callback: OwedCallback, now: number): void {
    this.#store.add({ ...callback, taskId }, now);
  }

  /** When the next one is due, Unix milliseconds. */
  earliestDue(): number | null {
    return this.#store.earliestDue();
  }

  /** Tries all that are due; each has its next try, or none, once this returns. */
  async sendDue(now: number): Promise<void> {
    await Promise.all(this.#store.takeDue(now).map((callback) => this.#send(callback)));
  }

  async #send(callback: Callback): Promise<void> {
    try {
      this.#store.settle(callback.taskId, await deliverCallback(this.#deps, callback));
    } catch (error) {
      // D1, most likely: it stays under way, and is due again when that is over.
      log("error", "callback not delivered", { taskId: callback.taskId, tries: callback.tries, error: String(error) });
    }
  }
}
