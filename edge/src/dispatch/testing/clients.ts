import type { TaskToQueue } from "../queue/types.ts";
import type { Ledger, TaskEnd } from "../../billing/ledger.ts";
import { CANCELLED } from "../../billing/testing/books.ts";
import { MEGAPIXEL } from "./builders.ts";
import { unlessInterrupted } from "./interruption.ts";
import type { LedgerWatch } from "./ledger-watch.ts";
import type { DispatchShell } from "../dispatch-shell.ts";
import type { Random } from "./random.ts";
import { CANCEL_CHARGE, type RealBook, textOr, toQueue, toRow, type Wish } from "./real-book.ts";
import type { SimulatedDispatcher } from "./simulated-dispatcher.ts";
import type { SimulatedEdge } from "./simulated-edge.ts";

/** A submission under its key, and the task it became, once its client has been told. */
interface Request {
  key: string;
  wish: Wish;
  taskId: string | null;
}

/** A task that a shard keeps a place for, while the Worker is about to put it on record. */
interface Admitted {
  request: Request;
  task: TaskToQueue;
  shard: SimulatedDispatcher;
}

/** Requests that a client still has in mind. */
const REMEMBERED = 30;
const GRANT = 300;
/** A place that nobody gives back has run out by then, though the clock was set back in between. */
const PLACE_GONE_MS = 20_000;

export interface ClientsDeps {
  random: Random;
  book: RealBook;
  ledger: Ledger;
  edge: SimulatedEdge;
  watch: LedgerWatch;
  userIds: readonly number[];
}

/** Users and the Worker between them and the rest: they submit, ask again, cancel and retry. */
export class Clients {
  /** Tasks that a shard was told of. */
  readonly handedOver = new Set<string>();
  readonly #deps: ClientsDeps;
  readonly #requests: Request[] = [];
  readonly #admitted: Admitted[] = [];
  readonly #late: Omit<Admitted, "request">[] = [];
  /** By task, until it has arrived, is known not to come, or the place has run out. */
  readonly #places = new Map<string, { shell: DispatchShell; takenAt: number }>();
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
    const { random, book, ledger, edge } = this.#deps;
    const attemptId = textOr(null, book.one("SELECT attempt_id FROM tasks WHERE id = ?", taskId)?.["attempt_id"]);
    const end: TaskEnd = attemptId === null ? CANCELLED : { status: "CANCELLED", charge: CANCEL_CHARGE };
    const outcome = await unlessInterrupted(() => ledger.settleTask(taskId, attemptId, end, edge.now));
    if (outcome === "settled" && !random.chance(0.2)) edge.cancel(taskId);
  }

  async #order(wish: Wish): Promise<void> {
    const request: Request = { key: `key-${++this.#keys}`, wish, taskId: null };
    this.#requests.push(request);
    if (this.#requests.length > REMEMBERED) this.#requests.shift();
    await this.#ask(request);
  }

  async #ask(request: Request): Promise<void> {
    const { random, edge } = this.#deps;
    const { wish } = request;
    await this.#grant(wish.userId);
    const task = toQueue(`task-${++this.#ids}`, wish, edge.now);
    const shard = this.#admit(task);
    if (!shard) return;
    this.#admitted.push({ request, task, shard });
    // Else the Worker is slow, and goes on some events later.
    if (random.chance(0.7)) await this.goOn(this.#admitted.length - 1);
  }

  #admit(task: TaskToQueue): SimulatedDispatcher | null {
    const { edge, random } = this.#deps;
    const shards = edge.shardsFor(task);
    // By a summary that is a second old.
    if (random.chance(0.1)) shards.reverse();
    for (const [index, { shell }] of shards.entries()) {
      const admission = index === 0 ? shell.admissions.admit(task).admission : shell.admissions.reserve(task);
      if (admission === "too-many" || !admission.admitted) continue;
      this.#places.set(task.taskId, { shell, takenAt: edge.now });
      return shards[index] ?? null;
    }
    return null;
  }

  /** A Worker that had a place kept goes on. */
  async goOn(index: number): Promise<void> {
    const [admitted] = this.#admitted.splice(index, 1);
    if (!admitted) return;
    const { random } = this.#deps;
    const { request, task, shard } = admitted;
    const isOpened = await this.#open(admitted);
    // The Worker may die before it hands the task over or gives the place back, or hand it over twice.
    if (!isOpened && random.chance(0.9)) {
      shard.shell.admissions.release(task.taskId);
      this.#places.delete(task.taskId);
    }
    if (!isOpened) return;
    request.taskId = task.taskId;
    for (let times = random.pick([0, 1, 1, 1, 1, 2]); times > 0; times--) this.#handOver(admitted);
    if (random.chance(0.1)) this.#late.push(admitted);
  }

  async #open({ request, task, shard }: Admitted): Promise<boolean> {
    const { book, ledger, watch } = this.#deps;
    const { key, wish } = request;
    const { userId, cost } = wish;
    const { taskId } = task;
    const available = watch.availableOf(userId);
    const record = { key, item: 0, bodyHash: "hash", answer: { taskId } };
    const outcome = await unlessInterrupted(() => ledger.openTask(toRow(task, wish, shard.place.shard), record));
    if (outcome === "repeated") {
      const answer = book.one("SELECT answer ->> 'taskId' AS id FROM idempotency_keys WHERE user_id = ? AND key = ?", userId, key);
      const known = textOr("nothing", answer?.["id"]);
      if (book.status(known) === "absent") throw new Error(`${key} is answered with ${known}, which is not on record`);
      if (request.taskId !== null && request.taskId !== known) throw new Error(`${key} was ${request.taskId} and is ${known}`);
      request.taskId = known;
    } else if (outcome === "insufficient" && cost <= available) throw new Error(`${cost} of ${available} credits were refused`);
    else if (outcome === "opened" && request.taskId !== null) throw new Error(`${key} was ${request.taskId} and became ${taskId} as well`);
    return outcome === "opened";
  }

  /** The Worker's call was slow: the sweep may have been there before, or the task may be over. */
  handOverLate(): void {
    const late = this.#late.shift();
    if (late) this.#handOver(late);
  }

  #handOver({ task, shard }: Omit<Admitted, "request">): void {
    shard.shell.enqueue(task);
    this.#places.delete(task.taskId);
    this.handedOver.add(task.taskId);
  }

  /** @throws when a shard keeps more places than there are tasks on their way to it. */
  checkPlaces(): void {
    const { now, shards } = this.#deps.edge;
    for (const [taskId, { takenAt }] of this.#places) if (now - takenAt > PLACE_GONE_MS) this.#places.delete(taskId);
    for (const { shell, place } of shards) {
      const onTheirWay = [...this.#places.values()].filter((kept) => kept.shell === shell).length;
      const kept = shell.admissions.countReserved();
      if (kept > onTheirWay) throw new Error(`shard ${place.shard} keeps ${kept} places for ${onTheirWay} tasks`);
    }
  }

  /** An administrator's, when there is next to nothing left; most of the time there is little. */
  async #grant(userId: number): Promise<void> {
    const { random, book, watch } = this.#deps;
    if (watch.availableOf(userId) >= 20 || !random.chance(0.2)) return;
    await book.books.ledger.recharge(userId, GRANT, "more", 0);
    watch.granted(userId, GRANT);
  }
}
