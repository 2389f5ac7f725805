import { DEFAULTS, QUEUE_LIMITS } from "@star-graph/shared/defaults";
import type { AgentMessage, EdgeMessage } from "@star-graph/shared/agent-protocol";
import type { QueueClock, QueueLimits } from "../queue/clock.ts";
import { type FoundTask, toEngineTask } from "../duties/history.ts";
import { judgeLateResult } from "../duties/late-result.ts";
import { createOutbox, type Outbox, type OutboxEntry } from "../duties/outbox.ts";
import { performDuty } from "../duties/perform-duty.ts";
import type { DispatchStore, StoreOptions } from "../queue/store.ts";
import type { DutyOutcome, Effect, TaskToQueue } from "../queue/types.ts";
import { openNodeSql } from "./node-sql.ts";
import { unlessInterrupted } from "./interruption.ts";
import { type Decisions, type PlantedFault, REAL_DECISIONS } from "./planted-fault.ts";
import type { RealBook } from "./real-book.ts";
import type { SimulatedAgent } from "./simulated-agent.ts";

/** Something the Dispatcher began and has not gone on with: any other event may come in between. */
type Unfinished =
  | { kind: "offer"; effect: Extract<Effect, { kind: "offer" }> }
  | { kind: "late"; agentId: string; attemptId: string }
  | { kind: "duty"; entry: OutboxEntry; outcome: DutyOutcome | null }
  | { kind: "found"; found: FoundTask[] }
  | { kind: "ended"; taskIds: string[] };

/** @param isReopened whether it is what the one before has stored */
type OpenStore = (options: StoreOptions, isReopened: boolean) => DispatchStore;

/** The Dispatcher's shell without its platform: what it does at once, and what it does some events later. */
export class SimulatedEdge {
  /** As it is; the decisions see it through the planted fault. */
  store: DispatchStore;
  outbox: Outbox;
  now = 1_000_000;
  unfinished: Unfinished[] = [];
  /** Told of each task that is put on the list, of each effect as it is decided, of each frame as it is sent, and of what came of each duty, by the test that watches. */
  onQueued: (taskId: string) => void = () => {};
  onEffect: (effect: Effect) => void = () => {};
  onSend: (agent: SimulatedAgent, message: EdgeMessage) => void = () => {};
  onOutcome: (entry: OutboxEntry, outcome: DutyOutcome) => void = () => {};
  readonly book: RealBook;
  readonly agents: readonly SimulatedAgent[];
  readonly limits: QueueLimits = { ...QUEUE_LIMITS, runningPerUser: 2 };
  readonly #decide: Decisions;
  readonly #duties: RealBook["duties"];
  readonly #newStore: OpenStore;
  readonly #fault: PlantedFault | null;
  readonly #pings = new Map<string, number>();
  readonly #busy = new Set<string>();
  #seen: DispatchStore;
  #attempts = 0;

  constructor(book: RealBook, agents: readonly SimulatedAgent[], newStore: OpenStore, fault: PlantedFault | null) {
    this.book = book;
    this.agents = agents;
    this.#newStore = newStore;
    this.#fault = fault;
    this.#decide = { ...REAL_DECISIONS, ...fault?.decisions };
    this.#duties = { ...book.duties, ...fault?.duties?.(book.duties) };
    this.store = newStore(this.limits, false);
    this.#seen = fault?.store?.(this.store) ?? this.store;
    this.outbox = this.#newOutbox();
  }

  #newOutbox(): Outbox {
    const outbox = createOutbox(openNodeSql());
    return this.#fault?.outbox?.(outbox) ?? outbox;
  }

  get #clock(): QueueClock {
    return { now: this.now, timings: DEFAULTS, limits: this.limits, newAttemptId: () => `attempt-${++this.#attempts}` };
  }

  enqueue(task: TaskToQueue): void {
    this.onQueued(task.taskId);
    this.#apply(this.#decide.onTaskSubmitted(this.#seen, task, this.#clock));
  }

  cancel(taskId: string): void {
    this.#apply(this.#decide.onCancelOrdered(this.#seen, taskId, this.#clock));
  }

  hear(agentId: string, message: AgentMessage): void {
    const ownerId = this.agents.find(({ id }) => id === agentId)?.ownerId;
    this.#apply(
      message.type === "hello"
        ? this.#decide.onAgentHello(this.#seen, agentId, message, this.#clock, ownerId)
        : this.#decide.onAgentMessage(this.#seen, agentId, message, this.#clock),
    );
  }

  gone(agentId: string): void {
    this.#decide.onAgentGone(this.#seen, agentId, this.now);
  }

  /** Connected agents have pinged; the clock looks; what is due is begun. */
  async tick(ms: number): Promise<void> {
    this.now += ms;
    for (const agent of this.agents) if (agent.isConnected) this.#pings.set(agent.id, this.now);
    const lastSeen = (id: string) => Math.max(this.#pings.get(id) ?? 0, this.store.getAgent(id)?.lastSeenAt ?? 0);
    this.#apply(this.#decide.onTick(this.#seen, lastSeen, this.#clock));
    await this.beginDuties();
  }

  /** @throws what the store refused although nothing was wrong with it. */
  async beginDuties(): Promise<void> {
    for (const taskId of this.outbox.dueTasks(this.now)) {
      const entry = this.#busy.has(taskId) ? null : this.outbox.next(taskId, this.now);
      if (!entry) continue;
      this.#busy.add(taskId);
      const outcome = await unlessInterrupted(() => performDuty(this.#duties, entry.duty));
      this.unfinished.push({ kind: "duty", entry, outcome });
    }
  }

  /** Reads D1 for a sweep; what it says may be old when it is used. */
  async beginSweep(): Promise<void> {
    const { history } = this.book;
    const page = await unlessInterrupted(() =>
      history.findLive({ pool: "public", shard: 0 }, this.now + 1, { createTime: 0, taskId: "" }, 500),
    );
    if (page) this.unfinished.push({ kind: "found", found: page.tasks });
    const running = this.agents.flatMap(({ id }) => this.store.itemsOfAgent(id)).filter((item) => item.state === "running");
    const taskIds = await unlessInterrupted(() => history.findEnded(running.map((item) => item.taskId)));
    if (taskIds) this.unfinished.push({ kind: "ended", taskIds });
  }

  async goOn(index: number): Promise<void> {
    const [step] = this.unfinished.splice(index, 1);
    if (step?.kind === "offer") await this.#offer(step.effect);
    else if (step?.kind === "late") await this.#answerLate(step.agentId, step.attemptId);
    else if (step?.kind === "duty") this.#onOutcome(step.entry, step.outcome);
    else if (step?.kind === "ended") step.taskIds.forEach((taskId) => this.cancel(taskId));
    else if (step?.kind === "found") {
      for (const { task, attempt, startTime } of step.found) {
        if (this.store.getItem(task.taskId)) continue;
        this.onQueued(task.taskId);
        this.#apply(this.#decide.onTaskFound(this.#seen, task, attempt, startTime, this.#clock));
      }
    }
  }

  /** The object died: every line is cut, what it was about is forgotten; with its storage, if that is lost too. */
  restart(losesStorage: boolean): void {
    for (const agent of this.agents) agent.cut();
    this.unfinished = [];
    this.#busy.clear();
    this.store = this.#newStore(this.limits, !losesStorage);
    this.#seen = this.#fault?.store?.(this.store) ?? this.store;
    if (losesStorage) this.outbox = this.#newOutbox();
    for (const agent of this.store.listAgents()) if (agent.isConnected) this.gone(agent.agentId);
  }

  #send(agentId: string, message: EdgeMessage): void {
    const agent = this.agents.find(({ id, isConnected }) => id === agentId && isConnected);
    if (!agent) return;
    this.onSend(agent, message);
    agent.toAgent.push(message);
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

  /** One that fails runs out by itself. */
  async #offer({ item: { taskId, attempt, memoryBytes } }: Extract<Effect, { kind: "offer" }>): Promise<void> {
    const found = await unlessInterrupted(async () => ({ row: await this.book.duties.findTask(taskId) }));
    if (!found) return;
    const { row } = found;
    if (!row || (row.status !== "PENDING" && row.status !== "PROCESSING"))
      return this.#apply(this.#decide.onOfferImpossible(this.#seen, taskId, attempt.id, this.#clock));
    if (this.store.findByAttempt(attempt.id)?.state !== "offered") return;
    const upload = { url: "https://edge.test/upload", grant: "grant" };
    this.#send(attempt.agentId, {
      type: "offer",
      attemptId: attempt.id,
      task: toEngineTask(row),
      inputs: [],
      ...(memoryBytes && { memoryBytes }),
      upload,
    });
  }

  async #answerLate(agentId: string, attemptId: string): Promise<void> {
    const outcome = await unlessInterrupted(() => judgeLateResult(this.#duties, attemptId));
    if (outcome) this.#send(agentId, { type: "ack", attemptId, outcome });
  }

  #onOutcome(entry: OutboxEntry, outcome: DutyOutcome | null): void {
    const { duty } = entry;
    this.#busy.delete(duty.taskId);
    if (!outcome) return this.outbox.postpone(entry, this.now);
    this.outbox.done(entry.id);
    this.onOutcome(entry, outcome);
    this.#apply(this.#decide.onDutyDone(this.#seen, duty, outcome, this.#clock));
  }
}
