import type { AgentMessage, AgentModel, EdgeMessage, HelloMessage } from "@star-graph/shared/agent-protocol";
import { aCompletion, aFailure, aHello } from "./builders.ts";
import type { Random } from "./random.ts";

export type WorkingMessage = Exclude<AgentMessage, HelloMessage>;

/** An agent that keeps to the protocol as agent/ does: results are kept until they are acknowledged, slots told when they change. */
export class SimulatedAgent {
  readonly id: string;
  readonly slots: number;
  readonly models: AgentModel[];
  /** Whose it is, and whose tasks it takes. */
  ownerId: number | undefined;
  ownTasks: "first" | "only" | undefined;
  isConnected = false;
  /** Frames under way, in order; a cut line loses them. */
  toEdge: AgentMessage[] = [];
  toAgent: EdgeMessage[] = [];
  readonly running = new Set<string>();
  /** Ends that nobody has acknowledged. */
  readonly ends = new Map<string, WorkingMessage>();
  #announced: number | null = null;

  constructor(id: string, slots: number, models: AgentModel[]) {
    this.id = id;
    this.slots = slots;
    this.models = models;
  }

  connect(): void {
    this.isConnected = true;
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
      if (this.running.size >= this.slots || random.chance(0.05)) return this.#send({ type: "rejected", attemptId, reason: "no" });
      this.running.add(attemptId);
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

  #announce(): void {
    const freeSlots = this.slots - this.running.size;
    if (!this.isConnected || freeSlots === this.#announced) return;
    this.#announced = freeSlots;
    this.#send({ type: "ready", freeSlots });
  }

  #send(message: AgentMessage): void {
    if (this.isConnected) this.toEdge.push(message);
  }
}
