import type { TaskToQueue } from "../queue/types.ts";
import { CANCELLED } from "../../billing/testing/books.ts";
import { MEGAPIXEL } from "./builders.ts";
import { unlessInterrupted } from "./interruption.ts";
import type { LedgerWatch } from "./ledger-watch.ts";
import type { Random } from "./random.ts";
import { type RealBook, textOr, toQueue, type Wish } from "./real-book.ts";
import type { SimulatedEdge } from "./simulated-edge.ts";

/** A submission under its key, and the task it became, once its client has been told. */
interface Request {
  key: string;
  wish: Wish;
  taskId: string | null;
}

/** Requests that a client still has in mind. */
const REMEMBERED = 30;
const GRANT = 300;

export interface ClientsDeps {
  random: Random;
  book: RealBook;
  edge: SimulatedEdge;
  watch: LedgerWatch;
  userIds: readonly number[];
}

/** Users and the Worker between them and the rest: they submit, ask again, cancel and retry. */
export class Clients {
  /** Tasks that the shard was told of. */
  readonly handedOver = new Set<string>();
  readonly #deps: ClientsDeps;
  readonly #requests: Request[] = [];
  readonly #late: TaskToQueue[] = [];
  #keys = 0;
  #ids = 0;

  constructor(deps: ClientsDeps) {
    this.#deps = deps;
  }

  async submit(): Promise<void> {
    const { random, userIds } = this.#deps;
    const userId = random.pick(userIds);
    const pixels = random.pick([MEGAPIXEL / 4, MEGAPIXEL, 2 * MEGAPIXEL]);
    await this.#order({ userId, model: random.pick(["scene", "other"]), pixels, cost: 1 + random.below(40) });
  }

  /** The answer was lost, or the user is impatient: the same key once more. */
  async askAgain(): Promise<void> {
    const request = this.#requests[this.#deps.random.below(this.#requests.length)];
    if (request) await this.#ask(request);
  }

  async retry(): Promise<void> {
    const { random, book } = this.#deps;
    const request = this.#requests[random.below(this.#requests.length)];
    if (!request?.taskId) return;
    const status = book.status(request.taskId);
    if (status === "FAILED" || status === "CANCELLED") await this.#order({ ...request.wish, retryOf: request.taskId });
  }

  async cancel(taskId: string): Promise<void> {
    const { random, book, edge } = this.#deps;
    const outcome = await unlessInterrupted(() => book.ledger.settleTask(taskId, null, CANCELLED, edge.now));
    if (outcome === "settled" && !random.chance(0.2)) edge.cancel(taskId);
  }

  async #order(wish: Wish): Promise<void> {
    const request: Request = { key: `key-${++this.#keys}`, wish, taskId: null };
    this.#requests.push(request);
    if (this.#requests.length > REMEMBERED) this.#requests.shift();
    await this.#ask(request);
  }

  async #ask(request: Request): Promise<void> {
    const { random, book, edge, watch } = this.#deps;
    const { key, wish } = request;
    const { userId, cost } = wish;
    await this.#grant(userId);
    const available = watch.availableOf(userId);
    const taskId = `task-${++this.#ids}`;
    const outcome = await unlessInterrupted(() => book.open(taskId, key, wish, edge.now));
    if (outcome === "repeated") {
      const answer = book.one("SELECT answer ->> 'taskId' AS id FROM idempotency_keys WHERE user_id = ? AND key = ?", userId, key);
      const known = textOr("nothing", answer?.["id"]);
      if (book.status(known) === "absent") throw new Error(`${key} is answered with ${known}, which is not on record`);
      if (request.taskId !== null && request.taskId !== known) throw new Error(`${key} was ${request.taskId} and is ${known}`);
      request.taskId = known;
    } else if (outcome === "insufficient" && cost <= available) throw new Error(`${cost} of ${available} credits were refused`);
    if (outcome !== "opened") return;
    if (request.taskId !== null) throw new Error(`${key} was ${request.taskId} and became ${taskId} as well`);
    request.taskId = taskId;
    // The Worker may die before it hands the task over, or hand it over twice.
    const task = toQueue(taskId, wish, edge.now);
    for (let times = random.pick([0, 1, 1, 1, 1, 2]); times > 0; times--) this.#handOver(task);
    if (random.chance(0.1)) this.#late.push(task);
  }

  /** The Worker's call was slow: the sweep may have been there before, or the task may be over. */
  handOverLate(): void {
    const task = this.#late.shift();
    if (task) this.#handOver(task);
  }

  #handOver(task: TaskToQueue): void {
    this.#deps.edge.enqueue(task);
    this.handedOver.add(task.taskId);
  }

  /** An administrator's, when there is next to nothing left; most of the time there is little. */
  async #grant(userId: number): Promise<void> {
    const { random, book, watch } = this.#deps;
    if (watch.availableOf(userId) >= 20 || !random.chance(0.2)) return;
    await book.books.ledger.recharge(userId, GRANT, "more", 0);
    watch.granted(userId, GRANT);
  }
}
