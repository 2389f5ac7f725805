import type { AgentModel } from "@star-graph/shared/agent-protocol";
import { canRun, openSlots } from "../matching.ts";
import { createMemoryStore } from "../memory-store.ts";
import { createSqliteStore } from "../sqlite-store.ts";
import { aModel, aTask, MEGAPIXEL } from "./builders.ts";
import { Book } from "./book.ts";
import { openNodeSql } from "./node-sql.ts";
import { Random } from "./random.ts";
import { SimulatedAgent } from "./simulated-agent.ts";
import { SimulatedEdge } from "./simulated-edge.ts";
import type { StoreOptions } from "../store.ts";
import type { AgentRecord, WorkItem } from "../types.ts";

/** A shard, three agents and a book of record, and everything that can go wrong between them. */
export class BadDay {
  readonly random: Random;
  readonly book = new Book();
  readonly agents: SimulatedAgent[];
  readonly edge: SimulatedEdge;
  readonly taskIds: string[] = [];
  /** Tasks that the shard was told of. */
  readonly #handedOver = new Set<string>();
  /** Frames that were sent, to be heard again at the wrong time. */
  readonly #heard: { agentId: string; message: Parameters<SimulatedEdge["hear"]>[1] }[] = [];
  /** Tasks whose end is promised to D1 and not refused there. */
  readonly #ends = new Set<string>();
  #lostStorage = false;
  readonly #told = new Map<string, string>();

  constructor(seed: number) {
    this.random = new Random(seed);
    const both: AgentModel[] = [aModel(), aModel({ name: "other" })];
    this.agents = [
      new SimulatedAgent("a", 1, both),
      new SimulatedAgent("b", 2, [aModel()]),
      new SimulatedAgent(
        "c",
        2,
        both.map((model) => ({ ...model, maxPixels: MEGAPIXEL })),
      ),
    ];
    // On some days a box is its owner's, first or alone.
    const [, , mine] = this.agents;
    if (mine && seed % 3 !== 0) Object.assign(mine, { ownerId: 1002, ownTasks: seed % 3 === 1 ? "first" : "only" });
    const inSqlite = (options: StoreOptions) => createSqliteStore(openNodeSql(), options);
    this.edge = new SimulatedEdge(this.book, this.agents, seed % 10 === 0 ? inSqlite : createMemoryStore);
    this.edge.onEffect = (effect) => {
      if (effect.kind !== "duty" || (effect.duty.kind !== "completed" && effect.duty.kind !== "failed")) return;
      if (this.#ends.has(effect.duty.taskId)) throw new Error(`a second end of ${effect.duty.taskId} is promised`);
      this.#ends.add(effect.duty.taskId);
    };
    this.edge.onOutcome = ({ duty }, outcome) => {
      const isOpenAgain = outcome.kind === "result-unusable" || (outcome.kind === "ended" && outcome.outcome === "refused");
      if (isOpenAgain) this.#ends.delete(duty.taskId);
    };
  }

  /** One event of a bad day. */
  async step(): Promise<void> {
    const { random, edge, book } = this;
    const agent = random.pick(this.agents);
    const dice = random.below(100);
    if (dice < 8) this.#submit();
    else if (dice < 11) this.#cancel();
    else if (dice < 33) this.#deliver(agent);
    else if (dice < 45) agent.read(random);
    else if (dice < 57) this.#work(agent);
    else if (dice < 60) this.#disturb(agent);
    else if (dice < 68) this.#hearAgain();
    else if (dice < 78) await edge.tick(random.pick([0, 200, 1_000, 4_000]));
    else if (dice < 79) await edge.tick(random.pick([40_000, 70_000, 700_000, -5_000]));
    else if (dice < 86) await edge.beginDuties();
    else if (dice < 97) edge.goOn(random.below(edge.unfinished.length));
    else if (dice < 98) book.isDown = !book.isDown;
    else if (dice < 99) edge.beginSweep();
    else if (random.chance(0.4)) this.#restart(random.chance(0.3));
  }

  #submit(): void {
    const { random, edge } = this;
    const taskId = `task-${this.taskIds.length + 1}`;
    const sizes = { model: random.pick(["scene", "other"]), pixels: random.pick([MEGAPIXEL / 4, MEGAPIXEL, 2 * MEGAPIXEL]) };
    const task = aTask({ taskId, userId: 1001 + random.below(3), ...sizes, createTime: edge.now });
    this.taskIds.push(taskId);
    this.book.open(task);
    // The Worker may die before it hands the task over, or hand it over twice.
    for (let times = random.pick([0, 1, 1, 1, 1, 2]); times > 0; times--) {
      edge.enqueue(task);
      this.#handedOver.add(taskId);
    }
  }

  #cancel(): void {
    const taskId = this.random.pick(["none", ...this.taskIds]);
    if (this.book.cancel(taskId) && !this.random.chance(0.2)) this.edge.cancel(taskId);
  }

  #deliver(agent: SimulatedAgent): void {
    const message = agent.toEdge.shift();
    if (!message) return;
    if (message.type !== "hello" && message.type !== "bye") this.#heard.push({ agentId: agent.id, message });
    this.edge.hear(agent.id, message);
    if (message.type === "bye") agent.cut();
  }

  #work(agent: SimulatedAgent): void {
    const { random } = this;
    const attemptId = random.pick([...agent.running, ""]);
    if (attemptId === "") return;
    const how = random.below(10);
    if (how < 4) agent.progress(attemptId, random.below(30));
    else this.finish(agent, attemptId, how < 8 ? "completed" : how < 9 ? "retryable" : "for good");
  }

  finish(agent: SimulatedAgent, attemptId: string, how: Parameters<SimulatedAgent["finish"]>[1]): void {
    const state = this.edge.store.findByAttempt(attemptId)?.state;
    const mayUpload = state === "running" || state === "ending";
    if (how === "completed" && mayUpload && !this.random.chance(0.1)) this.book.stored.add(attemptId);
    agent.finish(attemptId, how);
  }

  #disturb(agent: SimulatedAgent): void {
    const { random, edge } = this;
    if (!agent.isConnected) return agent.connect();
    const how = random.below(4);
    if (how === 0) return agent.leave();
    if (how === 1) agent.kill();
    else agent.cut();
    // A blink is over before the edge has noticed.
    if (random.chance(0.6)) edge.gone(agent.id);
    if (random.chance(0.5)) agent.connect();
  }

  #hearAgain(): void {
    const { random } = this;
    const again = this.#heard[random.below(this.#heard.length)];
    if (!again) return;
    const isFromAnother = random.chance(0.2);
    this.edge.hear(isFromAnother ? random.pick(this.agents).id : again.agentId, again.message);
  }

  #restart(losesStorage: boolean): void {
    this.edge.restart(losesStorage);
    if (!losesStorage) return;
    this.#lostStorage = true;
    this.#ends.clear();
  }

  /** What must hold after every event. @throws naming what does not. */
  check(): void {
    const { store } = this.edge;
    const items = this.taskIds.flatMap((taskId) => store.getItem(taskId) ?? []);
    const waiting = items.filter((item) => item.state === "waiting");
    if (store.countWaiting() !== waiting.length) throw new Error(`${waiting.length} tasks wait, ${store.countWaiting()} are counted`);
    this.#checkAttempts(items);
    for (const agent of store.listAgents()) {
      const given = store.itemsOfAgent(agent.agentId);
      if (given.length > agent.slots) throw new Error(`${agent.agentId} has ${given.length} of ${agent.slots} slots`);
      const missed = openSlots(agent, given) > 0 ? waiting.find((item) => this.#mayRun(agent, item)) : undefined;
      if (missed) throw new Error(`${missed.taskId} waits though ${agent.agentId} has an open slot`);
    }
    for (const message of this.book.published.splice(0)) {
      const how = message.type === "error" ? "FAILED" : message.status;
      if (this.book.status(message.taskId) !== how) throw new Error(`${message.taskId} was told to be ${how}`);
      this.#told.set(message.taskId, how);
    }
  }

  /** Whether an agent with room should have been given that task. */
  #mayRun(agent: AgentRecord, item: WorkItem): boolean {
    const { store } = this.edge;
    const isCapped = store.shareOf(item.userId).running >= this.edge.limits.runningPerUser && agent.ownerId !== item.userId;
    return !isCapped && !store.holds.isOn(store.lineOf(item)) && canRun(agent, { ...store.lineOf(item), userId: item.userId });
  }

  #checkAttempts(items: WorkItem[]): void {
    const attempts = items.flatMap((item) => (item.state === "waiting" || !item.attempt ? [] : item.attempt.id));
    if (new Set(attempts).size < attempts.length) throw new Error(`an attempt twice on the list: ${attempts.join()}`);
    const live = [...this.book.attempts.values()].filter((attempt) => attempt.outcome === null).map((attempt) => attempt.taskId);
    if (new Set(live).size < live.length) throw new Error(`a task with two live attempts in D1: ${live.join()}`);
  }

  /** The bad day is over: everybody is back and does their work. */
  async recover(): Promise<void> {
    const { edge, book } = this;
    book.isDown = false;
    for (const agent of this.agents) {
      if (agent.isConnected) agent.cut();
      agent.connect();
    }
    for (let second = 0; second < 240 && !this.isQuiet; second++) {
      if (second % 10 === 0) edge.beginSweep();
      for (const agent of this.agents) {
        while (agent.toAgent.length > 0) agent.read(this.random);
        for (const attemptId of agent.running) this.finish(agent, attemptId, "completed");
        while (agent.toEdge.length > 0) this.#deliver(agent);
        if (second % 5 === 0) agent.repeatEnds();
      }
      await edge.tick(1_000);
      while (edge.unfinished.length > 0) edge.goOn(0);
      this.check();
    }
  }

  get isQuiet(): boolean {
    const { store, outbox } = this.edge;
    return this.taskIds.every((taskId) => this.#isOver(taskId) && !store.getItem(taskId)) && outbox.earliestDue() === null;
  }

  #isOver(taskId: string): boolean {
    return ["COMPLETED", "FAILED", "CANCELLED"].includes(this.book.status(taskId));
  }

  /** What must hold once everything is over. @throws naming what does not. */
  checkTheEnd(): void {
    const { store, outbox } = this.edge;
    for (const taskId of this.taskIds) {
      const item = store.getItem(taskId);
      const status = this.book.status(taskId);
      if (!this.#isOver(taskId) || item) throw new Error(`${taskId} never ended: ${status}, ${JSON.stringify(item)}`);
      const told = this.#told.get(taskId) ?? "nothing";
      // What was promised is lost with the storage; of a task that never came here, only the Worker can tell.
      if (told !== status && !this.#lostStorage && this.#handedOver.has(taskId))
        throw new Error(`${taskId} is ${status}, its user knows ${told}`);
    }
    if (outbox.earliestDue() !== null) throw new Error("a duty is left over");
    const kept = this.taskIds.flatMap((taskId) =>
      this.book.status(taskId) === "COMPLETED" ? (this.book.rows.get(taskId)?.attemptId ?? "") : [],
    );
    const stored = [...this.book.stored].toSorted().join();
    if (stored !== kept.toSorted().join()) throw new Error(`files are kept of ${stored}, results were ${kept.join()}`);
  }
}
