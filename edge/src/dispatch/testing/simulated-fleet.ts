import type { AgentModel } from "@star-graph/shared/agent-protocol";
import type { DispatchStore, StoreOptions } from "../queue/store.ts";
import { onEnded } from "../queue/task-events.ts";
import type { Effect, TaskToQueue, WorkItemIn } from "../queue/types.ts";
import { aCompletion, aModel } from "./builders.ts";
import { Shard } from "./shard.ts";

/** What became of a task in a simulation; times in milliseconds from its beginning. */
export interface Served {
  taskId: string;
  userId: number;
  model: string;
  submittedAt: number;
  startedAt: number;
  agentId: string;
  /** The agent had another model loaded. */
  isReload: boolean;
}

export interface FleetOptions {
  agents: number;
  models?: string[];
  /** How long a task runs with its model loaded. */
  taskMs: (task: TaskToQueue) => number;
  /** How long another model takes to load; 0 when nothing has to be loaded. */
  loadMs?: number;
  newStore?: (options: StoreOptions) => DispatchStore;
}

/**
 * A fleet of agents with one slot each that take every offer and keep their model until they need another one, before a shard
 * with its real decisions and its real store. Time passes from event to event.
 */
export class SimulatedFleet {
  readonly shard: Shard;
  readonly served: Served[] = [];
  readonly #options: FleetOptions;
  readonly #loaded = new Map<string, string>();
  readonly #events: { at: number; order: number; run: () => void }[] = [];
  #order = 0;

  constructor(options: FleetOptions) {
    this.#options = options;
    this.shard = new Shard({ waiting: 1e9, waitingPerUser: 1e9, runningPerUser: 1e9 }, options.newStore);
    const models: AgentModel[] = (options.models ?? ["scene"]).map((name) => aModel({ name }));
    for (let n = 1; n <= options.agents; n++) this.#carryOut(this.shard.connect(`agent-${n}`, { models }));
  }

  /** Milliseconds since the beginning. */
  get now(): number {
    return this.shard.now - this.shard.start;
  }

  submitAt(at: number, task: TaskToQueue): void {
    this.at(at, () => this.#carryOut(this.shard.submit({ ...task, createTime: this.shard.now })));
  }

  at(at: number, run: () => void): void {
    this.#events.push({ at, order: ++this.#order, run });
    siftUp(this.#events);
  }

  /** Lets everything happen that is to happen before that time. */
  runUntil(end: number): void {
    for (;;) {
      const dueAt = (this.shard.store.holds.earliest() ?? Infinity) - this.shard.start;
      const next = this.#events[0]?.at ?? Infinity;
      if (Math.min(dueAt, next) > end) return;
      if (dueAt <= next) this.#carryOut(this.shard.tick(Math.max(0, dueAt - this.now), this.#everybody()));
      else {
        this.shard.now = this.shard.start + next;
        popFirst(this.#events)?.run();
      }
    }
  }

  #everybody(): string[] {
    return this.shard.store.listAgents().map(({ agentId }) => agentId);
  }

  #carryOut(effects: Effect[]): void {
    for (const effect of effects) {
      if (effect.kind === "offer") this.#start(effect.item);
      else if (effect.kind === "duty" && effect.duty.kind === "completed")
        onEnded(this.shard.store, effect.duty.taskId, effect.duty.attempt.id);
    }
  }

  #start(item: WorkItemIn<"offered">): void {
    const { shard } = this;
    const { id: attemptId, agentId } = item.attempt;
    const isReload = this.#loaded.get(agentId) !== item.model;
    this.#loaded.set(agentId, item.model);
    const { taskId, userId, model } = item;
    this.served.push({ taskId, userId, model, submittedAt: item.createTime - shard.start, startedAt: this.now, agentId, isReload });
    this.#carryOut(shard.accept(agentId, attemptId));
    const loadedAt = this.now + (isReload ? (this.#options.loadMs ?? 0) : 0);
    this.at(loadedAt, () =>
      this.#carryOut(shard.say(agentId, { type: "progress", attemptId, phase: "sampling", step: 0, totalSteps: 30 })),
    );
    this.at(loadedAt + this.#options.taskMs(item), () => {
      this.#carryOut(shard.say(agentId, aCompletion(attemptId)));
      this.#carryOut(shard.say(agentId, { type: "ready", freeSlots: 1 }));
    });
  }
}

type Event = { at: number; order: number };
const isBefore = (a: Event, b: Event): boolean => a.at < b.at || (a.at === b.at && a.order < b.order);

/** A binary heap: the earliest event is the first. */
function siftUp<E extends Event>(heap: E[]): void {
  for (let child = heap.length - 1; child > 0;) {
    const parent = (child - 1) >> 1;
    const [a, b] = [heap[child], heap[parent]];
    if (!a || !b || !isBefore(a, b)) return;
    [heap[child], heap[parent]] = [b, a];
    child = parent;
  }
}

function popFirst<E extends Event>(heap: E[]): E | undefined {
  const [first] = heap;
  const last = heap.pop();
  if (last === undefined || heap.length === 0) return first;
  heap[0] = last;
  for (let parent = 0; ;) {
    const [left, right] = [2 * parent + 1, 2 * parent + 2];
    let least = parent;
    for (const child of [left, right]) {
      const [a, b] = [heap[child], heap[least]];
      if (a && b && isBefore(a, b)) least = child;
    }
    const [a, b] = [heap[parent], heap[least]];
    if (least === parent || !a || !b) return first;
    [heap[parent], heap[least]] = [b, a];
    parent = least;
  }
}
