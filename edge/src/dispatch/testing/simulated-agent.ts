import type { AgentMessage, AgentModel, EdgeMessage, HelloMessage, OfferMessage } from "@star-graph/shared/agent-protocol";
import { shortfallOf } from "@star-graph/shared/model-fit";
import { modelOf, workOf } from "@star-graph/shared/work";
import { aCompletion, aFailure, aHello } from "./builders.ts";
import type { Random } from "./random.ts";

export type WorkingMessage = Exclude<AgentMessage, HelloMessage>;

/** An agent that keeps to the protocol as agent/ does: results are kept until they are acknowledged, slots told when they change. */
export class SimulatedAgent {
  readonly id: string;
  readonly slots: number;
  readonly models: AgentModel[];
  /** Slots of each engine, where its models say which of them they run on. */
  readonly engines: readonly number[];
  /** Whose it is, and whose tasks it takes. */
  ownerId: number | undefined;
  ownTasks: "first" | "only" | undefined;
  /** The shard that its id belongs to. */
  readonly shard: number;
  isConnected = false;
  /** Counts its lines: what is said of one that is gone concerns no later one. */
  line = 0;
  /** Frames under way, in order; a cut line loses them. */
  toEdge: AgentMessage[] = [];
  toAgent: EdgeMessage[] = [];
  /** With the engine of each. */
  readonly #engineOf = new Map<string, number>();
  readonly running = new Set<string>();
  /** Offers that came while every engine for them was full, and offers of what none of them can run. */
  readonly refused = { full: 0, unable: 0 };
  /** Ends that nobody has acknowledged. */
  readonly ends = new Map<string, WorkingMessage>();
  #announced: string | null = null;

  constructor(id: string, slots: number | readonly number[], models: AgentModel[], shard = 0) {
    this.shard = shard;
    this.id = id;
    this.engines = typeof slots === "number" ? [slots] : slots;
    this.slots = this.engines.reduce((sum, one) => sum + one, 0);
    this.models = models;
  }

  connect(): void {
    this.isConnected = true;
    this.line++;
    this.toAgent = [];
    this.toEdge = [
      aHello({
        name: this.id,
        slots: this.slots,
        models: this.models,
        ...(this.ownTasks && { ownTasks: this.ownTasks }),
        running: [...this.running],
        finished: [...this.ends.keys()],
      }),
    ];
    this.#announced = null;
    this.#announce();
    this.repeatEnds();
  }

  /** The line is gone, and what was on it. */
  cut(): void {
    this.isConnected = false;
    this.toAgent = [];
    this.toEdge = [];
  }

  /** The process died; its disk did not. */
  kill(): void {
    this.cut();
    this.running.clear();
  }

  leave(): void {
    if (this.isConnected) this.toEdge.push({ type: "bye", reason: "owner" });
    this.running.clear();
  }

  repeatEnds(): void {
    for (const end of this.ends.values()) this.#send(end);
  }

  /** Reads the oldest frame from the edge. */
  read(random: Random): void {
    const message = this.toAgent.shift();
    if (message?.type === "offer") {
      const { attemptId } = message;
      const engine = this.#claim(message, random);
      if (engine === null || random.chance(0.05)) return this.#send({ type: "rejected", attemptId, reason: "no" });
      this.running.add(attemptId);
      this.#engineOf.set(attemptId, engine);
      this.#send({ type: "accepted", attemptId });
      this.#announce();
    } else if (message?.type === "cancel") {
      this.running.delete(message.attemptId);
      this.ends.delete(message.attemptId);
      this.#send({ type: "stopped", attemptId: message.attemptId });
      this.#announce();
    } else if (message?.type === "ack") {
      this.ends.delete(message.attemptId);
    }
  }

  progress(attemptId: string, step: number): void {
    this.#send({ type: "progress", attemptId, phase: "sampling", step, totalSteps: 30 });
  }

  /** The engine is done with an attempt: the slot is told to be free before the end of the attempt is. */
  finish(attemptId: string, how: "completed" | "retryable" | "for good"): void {
    this.running.delete(attemptId);
    this.#announce();
    const end = how === "completed" ? aCompletion(attemptId) : aFailure(attemptId, { retryable: how === "retryable" });
    this.ends.set(attemptId, end);
    this.#send(end);
  }

  /** Any engine that is able and free, as an agent's own reasons may have it. */
  #claim({ task, memoryBytes }: OfferMessage, random: Random): number | null {
    const needs = { type: task.type, model: modelOf(task), ...workOf(task), memoryBytes };
    const able = this.models.flatMap((model) => (shortfallOf(model, needs) === null ? (model.engines ?? [0]) : []));
    const free = this.#free();
    const engines = able.filter((engine) => (free[engine] ?? 0) > 0);
    if (able.length === 0) this.refused.unable++;
    else if (engines.length === 0) this.refused.full++;
    return engines.length === 0 ? null : random.pick(engines);
  }

  #free(): number[] {
    const taken = [...this.running].map((attemptId) => this.#engineOf.get(attemptId));
    return this.engines.map((slots, engine) => slots - taken.filter((one) => one === engine).length);
  }

  #announce(): void {
    const freeSlots = this.slots - this.running.size;
    const ready: WorkingMessage = { type: "ready", freeSlots, ...(this.engines.length > 1 && { freeByEngine: this.#free() }) };
    const text = JSON.stringify(ready);
    if (!this.isConnected || text === this.#announced) return;
    this.#announced = text;
    this.#send(ready);
  }

  #send(message: AgentMessage): void {
    if (this.isConnected) this.toEdge.push(message);
  }
}
