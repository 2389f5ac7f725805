import { DEFAULTS, QUEUE_LIMITS } from "@star-graph/shared/defaults";
import type { AgentMessage } from "@star-graph/shared/agent-protocol";
import { onAgentGone, onAgentHello, onAgentMessage } from "../agent-events.ts";
import type { QueueClock, QueueLimits } from "../clock.ts";
import { onDutyDone } from "../duty-outcomes.ts";
import type { FoundTask } from "../history.ts";
import { createOutbox, type Outbox, type OutboxEntry } from "../outbox.ts";
import { performDuty } from "../perform-duty.ts";
import type { DispatchStore, StoreOptions } from "../store.ts";
import { onCancelOrdered, onOfferImpossible, onTaskFound, onTaskSubmitted } from "../task-events.ts";
import { onTick } from "../tick.ts";
import type { DutyOutcome, Effect, TaskToQueue } from "../types.ts";
import type { Book } from "./book.ts";
import { MEGAPIXEL } from "./builders.ts";
import { openNodeSql } from "./node-sql.ts";
import type { SimulatedAgent } from "./simulated-agent.ts";

/** Something the Dispatcher began and has not gone on with: any other event may come in between. */
type Unfinished =
  | { kind: "offer"; effect: Extract<Effect, { kind: "offer" }> }
  | { kind: "late"; agentId: string; attemptId: string }
  | { kind: "duty"; entry: OutboxEntry; outcome: DutyOutcome | null }
  | { kind: "found"; found: FoundTask[] }
  | { kind: "ended"; taskIds: string[] };

/** The Dispatcher's shell without its platform: what it does at once, and what it does some events later. */
export class SimulatedEdge {
  store: DispatchStore;
  outbox: Outbox = createOutbox(openNodeSql());
  now = 1_000_000;
  unfinished: Unfinished[] = [];
  /** Told of each duty as it is promised and of what came of it, by the test that watches. */
  onEffect: (effect: Effect) => void = () => {};
  onOutcome: (entry: OutboxEntry, outcome: DutyOutcome) => void = () => {};
  readonly book: Book;
  readonly agents: readonly SimulatedAgent[];
  readonly limits: QueueLimits = { ...QUEUE_LIMITS, runningPerUser: 2 };
  readonly #newStore: (options: StoreOptions) => DispatchStore;
  readonly #pings = new Map<string, number>();
  readonly #busy = new Set<string>();
  #attempts = 0;

  constructor(book: Book, agents: readonly SimulatedAgent[], newStore: (options: StoreOptions) => DispatchStore) {
    this.book = book;
    this.agents = agents;
    this.#newStore = newStore;
    this.store = newStore(this.limits);
  }

  get #clock(): QueueClock {
    return { now: this.now, timings: DEFAULTS, limits: this.limits, newAttemptId: () => `attempt-${++this.#attempts}` };
  }

  enqueue(task: TaskToQueue): void {
    this.#apply(onTaskSubmitted(this.store, task, this.#clock));
  }

  cancel(taskId: string): void {
    this.#apply(onCancelOrdered(this.store, taskId, this.#clock));
  }

  hear(agentId: string, message: AgentMessage): void {
    this.#apply(
      message.type === "hello"
        ? onAgentHello(this.store, agentId, message, this.#clock, this.agents.find(({ id }) => id === agentId)?.ownerId)
        : onAgentMessage(this.store, agentId, message, this.#clock),
    );
  }

  gone(agentId: string): void {
    onAgentGone(this.store, agentId, this.now);
  }

  /** Connected agents have pinged; the clock looks; what is due is begun. */
  async tick(ms: number): Promise<void> {
    this.now += ms;
    for (const agent of this.agents) if (agent.isConnected) this.#pings.set(agent.id, this.now);
    const lastSeen = (id: string) => Math.max(this.#pings.get(id) ?? 0, this.store.getAgent(id)?.lastSeenAt ?? 0);
    this.#apply(onTick(this.store, lastSeen, this.#clock));
    await this.beginDuties();
  }

  async beginDuties(): Promise<void> {
    for (const taskId of this.outbox.dueTasks(this.now)) {
      const entry = this.#busy.has(taskId) ? null : this.outbox.next(taskId, this.now);
      if (!entry) continue;
      this.#busy.add(taskId);
      const outcome = await performDuty(this.book, entry.duty).catch(() => null);
      this.unfinished.push({ kind: "duty", entry, outcome });
    }
  }

  /** Reads D1 for a sweep; what it says may be old when it is used. */
  beginSweep(): void {
    if (this.book.isDown) return;
    this.unfinished.push({ kind: "found", found: this.book.findLive() });
    const running = this.agents.flatMap(({ id }) => this.store.itemsOfAgent(id)).filter((item) => item.state === "running");
    this.unfinished.push({ kind: "ended", taskIds: this.book.findEnded(running.map((item) => item.taskId)) });
  }

  goOn(index: number): void {
    const [step] = this.unfinished.splice(index, 1);
    if (step?.kind === "offer") this.#offer(step.effect);
    else if (step?.kind === "late") this.#answerLate(step.agentId, step.attemptId);
    else if (step?.kind === "duty") this.#onOutcome(step.entry, step.outcome);
    else if (step?.kind === "ended") step.taskIds.forEach((taskId) => this.cancel(taskId));
    else if (step?.kind === "found") {
      for (const { task, attempt, startTime } of step.found) {
        if (!this.store.getItem(task.taskId)) this.#apply(onTaskFound(this.store, task, attempt, startTime, this.#clock));
      }
    }
  }

  /** The object died: every line is cut, what it was about is forgotten; with its storage, if that is lost too. */
  restart(losesStorage: boolean): void {
    for (const agent of this.agents) agent.cut();
    this.unfinished = [];
    this.#busy.clear();
    if (losesStorage) {
      this.store = this.#newStore(this.limits);
      this.outbox = createOutbox(openNodeSql());
    }
    for (const agent of this.store.listAgents()) if (agent.isConnected) onAgentGone(this.store, agent.agentId, this.now);
  }

  #send(agentId: string, message: Extract<Effect, { kind: "send" }>["message"]): void {
    const agent = this.agents.find(({ id, isConnected }) => id === agentId && isConnected);
    agent?.toAgent.push(message);
  }

  #apply(effects: Effect[]): void {
    for (const effect of effects) {
      this.onEffect(effect);
      if (effect.kind === "duty") this.outbox.add(effect.duty);
      else if (effect.kind === "send") this.#send(effect.agentId, effect.message);
      else if (effect.kind === "offer") this.unfinished.push({ kind: "offer", effect });
      else if (effect.kind === "late") this.unfinished.push(effect);
    }
  }

  #offer({ item }: Extract<Effect, { kind: "offer" }>): void {
    const { taskId, attempt } = item;
    // An offer that fails runs out by itself.
    if (this.book.isDown) return;
    const status = this.book.status(taskId);
    if (status !== "PENDING" && status !== "PROCESSING") return this.#apply(onOfferImpossible(this.store, taskId, attempt.id, this.#clock));
    if (this.store.findByAttempt(attempt.id)?.state !== "offered") return;
    const upload = { url: "https://edge.test/upload", grant: "grant" };
    const prompt = { prompt: "a cat", negativePrompt: "", modelName: item.model, width: 1024, height: item.pixels / 1024 };
    const how = {
      steps: item.work / MEGAPIXEL,
      cfgScale: 7,
      seed: 1,
      sampler: "euler",
      scheduler: "normal",
      denoise: 1,
      batchSize: 1,
    } as const;
    this.#send(attempt.agentId, {
      type: "offer",
      attemptId: attempt.id,
      task: { type: "TEXT2IMG", parameters: { ...prompt, ...how } },
      inputs: [],
      upload,
    });
  }

  #answerLate(agentId: string, attemptId: string): void {
    if (this.book.isDown) return;
    const isRecorded = this.book.attempts.get(attemptId)?.outcome === "COMPLETED";
    if (!isRecorded) this.book.stored.delete(attemptId);
    this.#send(agentId, { type: "ack", attemptId, outcome: isRecorded ? "recorded" : "refused" });
  }

  #onOutcome(entry: OutboxEntry, outcome: DutyOutcome | null): void {
    const { duty } = entry;
    this.#busy.delete(duty.taskId);
    if (!outcome) return this.outbox.postpone(entry, this.now);
    this.outbox.done(entry.id);
    this.onOutcome(entry, outcome);
    this.#apply(onDutyDone(this.store, duty, outcome, this.#clock));
  }
}
