import { DEFAULTS, QUEUE_LIMITS } from "@star-graph/shared/defaults";
import type { AgentMessage, HelloMessage } from "@star-graph/shared/agent-protocol";
import { onAgentGone, onAgentHello, onAgentMessage } from "../queue/agent-events.ts";
import type { QueueClock, QueueLimits } from "../queue/clock.ts";
import { admit } from "../queue/estimate.ts";
import { createMemoryStore } from "../queue/memory-store.ts";
import { Reservations } from "../queue/reservations.ts";
import type { DispatchStore, StoreOptions } from "../queue/store.ts";
import { onCancelOrdered, onTaskSubmitted } from "../queue/task-events.ts";
import { onTick } from "../queue/tick.ts";
import type { Admission, Duty, Effect, TaskToQueue, WorkItem } from "../queue/types.ts";
import { aHello } from "./builders.ts";

/** What an agent says of itself, and whose it is. */
type Greeting = Parameters<typeof aHello>[0] & { ownerId?: number };

/** The decisions of one pool shard in the test's hand, with a clock that stands until it is moved. */
export class Shard {
  readonly store: DispatchStore;
  readonly limits: QueueLimits;
  readonly reserved = new Reservations();
  readonly start = 1_000_000;
  now = this.start;
  #attempts = 0;

  constructor(limits: Partial<QueueLimits> = {}, newStore: (options: StoreOptions) => DispatchStore = createMemoryStore) {
    this.limits = { ...QUEUE_LIMITS, ...limits };
    this.store = newStore(this.limits);
  }

  get clock(): QueueClock {
    return { now: this.now, timings: DEFAULTS, limits: this.limits, newAttemptId: () => `attempt-${++this.#attempts}` };
  }

  /** As the Worker asks before it puts a task on record. */
  admit(task: TaskToQueue): Admission {
    const admission = admit(this.store, this.reserved, task, this.clock);
    if (admission.admitted) this.reserved.take(task.userId, task.taskId, this.now);
    return admission;
  }

  submit(task: TaskToQueue): Effect[] {
    this.reserved.release(task.taskId);
    return onTaskSubmitted(this.store, task, this.clock);
  }

  cancel(taskId: string): Effect[] {
    return onCancelOrdered(this.store, taskId, this.clock);
  }

  hello(agentId: string, { ownerId, ...capabilities }: Greeting = {}): Effect[] {
    return onAgentHello(this.store, agentId, aHello({ name: agentId, ...capabilities }), this.clock, ownerId);
  }

  /** Hello and ready, with all slots free that no attempt takes. */
  connect(agentId: string, capabilities: Greeting = {}): Effect[] {
    const hello = this.hello(agentId, capabilities);
    const freeSlots = (capabilities.slots ?? 1) - (capabilities.running ?? []).length;
    return [...hello, ...this.say(agentId, { type: "ready", freeSlots })];
  }

  say(agentId: string, message: Exclude<AgentMessage, HelloMessage>): Effect[] {
    return onAgentMessage(this.store, agentId, message, this.clock);
  }

  accept(agentId: string, attemptId: string): Effect[] {
    return this.say(agentId, { type: "accepted", attemptId });
  }

  gone(agentId: string): void {
    onAgentGone(this.store, agentId, this.now);
  }

  /** Lets time pass, then the clock look; `pinging` agents gave a sign of life until now. */
  tick(ms: number, pinging: string[] = []): Effect[] {
    this.now += ms;
    const lastSeen = (agentId: string) => (pinging.includes(agentId) ? this.now : (this.store.getAgent(agentId)?.lastSeenAt ?? 0));
    return onTick(this.store, lastSeen, this.clock);
  }

  state(taskId: string): WorkItem["state"] | "gone" {
    return this.store.getItem(taskId)?.state ?? "gone";
  }
}

/** Tasks that these effects offer, as `task@agent`, in order. */
export const offersIn = (effects: Effect[]): string[] =>
  effects.flatMap((effect) => (effect.kind === "offer" ? `${effect.item.taskId}@${effect.item.attempt.agentId}` : []));

export const dutiesIn = (effects: Effect[]): Duty[] => effects.flatMap((effect) => (effect.kind === "duty" ? effect.duty : []));

/** What is sent to agents, as `type attempt → agent`. */
export const sentIn = (effects: Effect[]): string[] =>
  effects.flatMap((effect) => {
    if (effect.kind !== "send") return [];
    const about = "attemptId" in effect.message ? ` ${effect.message.attemptId}` : "";
    return `${effect.message.type}${about} → ${effect.agentId}`;
  });
