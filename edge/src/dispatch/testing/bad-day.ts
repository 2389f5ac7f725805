import type { AgentModel, EdgeMessage } from "@star-graph/shared/agent-protocol";
import { CANCELLED } from "../../billing/testing/books.ts";
import { createMemoryStore } from "../queue/memory-store.ts";
import { createSqliteStore } from "../storage/sqlite-store.ts";
import type { StoreOptions } from "../queue/store.ts";
import { aModel, MEGAPIXEL } from "./builders.ts";
import { Clients } from "./clients.ts";
import { interrupt } from "./interruption.ts";
import { LedgerWatch } from "./ledger-watch.ts";
import { openNodeSql } from "./node-sql.ts";
import type { PlantedFault } from "./planted-fault.ts";
import { QueueWatch } from "./queue-watch.ts";
import { Random } from "./random.ts";
import { MEMORY_NEEDS, RealBook } from "./real-book.ts";
import { SimulatedAgent } from "./simulated-agent.ts";
import { SimulatedEdge } from "./simulated-edge.ts";

/** Beyond it nobody submits: what is live is looked at after each event. */
const MOST_LIVE = 30;
const FIRST_CREDITS = 500;
const MOST_HEARD = 400;
const USERS = [1001, 1002, 1003];

/** A shard, three agents, three users and the real ledger, and everything that can go wrong between them. */
export class BadDay {
  readonly random: Random;
  readonly book: RealBook;
  readonly agents: SimulatedAgent[];
  readonly edge: SimulatedEdge;
  readonly clients: Clients;
  readonly ledger: LedgerWatch;
  readonly queue: QueueWatch;
  /** Frames that were sent, to be heard again at the wrong time. */
  readonly #heard: { agentId: string; message: Parameters<SimulatedEdge["hear"]>[1] }[] = [];
  /** Tasks whose end is promised to D1 and not refused there. */
  readonly #ends = new Set<string>();
  /** Tasks whose promises were lost with the shard's storage: only the Worker can tell their users. */
  readonly #lost = new Set<string>();
  readonly #told = new Map<string, string>();
  /** Tasks that ended since the last rest. */
  readonly #ended = new Set<string>();
  #isDown = false;
  #isCalm = true;

  private constructor(seed: number, fault: PlantedFault | null) {
    this.random = new Random(seed);
    this.book = new RealBook((call) => this.#unreliably(call));
    if (fault?.schema) this.book.books.sqlite.exec(fault.schema);
    const both: AgentModel[] = [aModel(), aModel({ name: "other" })];
    const two = [aModel({ engines: [0, 1] }), aModel({ name: "other", engines: [1], memoryBytes: 12 * 2 ** 30 })];
    const small = both.map((model) => ({ ...model, maxPixels: MEGAPIXEL, memoryBytes: 8 * 2 ** 30 }));
    this.agents = [new SimulatedAgent("1.a", 1, both), new SimulatedAgent("1.b", [1, 1], two), new SimulatedAgent("2.c", 2, small)];
    // On some days a box is its owner's, first or alone.
    const [, , mine] = this.agents;
    if (mine && seed % 3 !== 0) Object.assign(mine, { ownerId: 1002, ownTasks: seed % 3 === 1 ? "first" : "only" });
    let [sql, memory] = [openNodeSql(), createMemoryStore()];
    const inSqlite = (options: StoreOptions, isReopened: boolean) => createSqliteStore(isReopened ? sql : (sql = openNodeSql()), options);
    const inMemory = (options: StoreOptions, isReopened: boolean) => (isReopened ? memory : (memory = createMemoryStore(options)));
    this.edge = new SimulatedEdge(this.book, this.agents, seed % 10 === 0 ? inSqlite : inMemory, fault);
    this.ledger = new LedgerWatch(this.book);
    this.queue = new QueueWatch(this.edge);
    const { random, book, edge, ledger: watch } = this;
    this.clients = new Clients({ random, book, edge, watch, userIds: USERS });
    this.#listen();
  }

  static async begin(seed: number, fault: PlantedFault | null): Promise<BadDay> {
    const day = new BadDay(seed, fault);
    for (const userId of USERS) {
      await day.book.books.addUser(FIRST_CREDITS);
      day.ledger.granted(userId, FIRST_CREDITS);
    }
    // Whose boxes they are: what they earn is theirs.
    for (const userId of [1003, 1002]) day.book.books.addKey(userId);
    const model = day.book.books.sqlite.prepare("INSERT INTO models (name, types, price_credits, memory_bytes) VALUES (?, '[]', 1, ?)");
    for (const [name, bytes] of MEMORY_NEEDS) model.run(name, bytes);
    day.#isCalm = false;
    return day;
  }

  #listen(): void {
    const { edge } = this;
    edge.onEffect = (effect) => {
      if (effect.kind !== "duty" || (effect.duty.kind !== "completed" && effect.duty.kind !== "failed")) return;
      // Handed over once more after its end, it is refused by D1.
      if (!this.ledger.live.has(effect.duty.taskId)) return;
      if (this.#ends.has(effect.duty.taskId)) throw new Error(`a second end of ${effect.duty.taskId} is promised`);
      this.#ends.add(effect.duty.taskId);
    };
    edge.onOutcome = ({ duty }, outcome) => {
      const isOpenAgain = outcome.kind === "result-unusable" || (outcome.kind === "ended" && outcome.outcome === "refused");
      if (isOpenAgain) this.#ends.delete(duty.taskId);
    };
    edge.onSend = (agent, message) => this.#checkAck(agent, message);
  }

  /** An agent that is told so deletes its files. */
  #checkAck(agent: SimulatedAgent, message: EdgeMessage): void {
    if (message.type !== "ack" || message.outcome !== "recorded" || agent.ends.get(message.attemptId)?.type !== "completed") return;
    const outcome = this.book.outcomeOf(message.attemptId);
    // Or it is over otherwise: its deadline came first.
    if (typeof outcome !== "string") throw new Error(`${message.attemptId} was acknowledged and is not over on record`);
  }

  /** A call of D1, R2 or a hub: it may fail before or after its effect, and a cancel may come in just before it. */
  async #unreliably<T>(call: () => Promise<T>): Promise<T> {
    const { random } = this;
    if (this.#isCalm) return call();
    if (this.#isDown || random.chance(0.02)) interrupt();
    if (random.chance(0.01)) await this.#cancelBehind();
    const result = await call();
    if (random.chance(0.02)) interrupt();
    return result;
  }

  async #cancelBehind(): Promise<void> {
    const taskId = this.random.pick([...this.ledger.live, "none"]);
    await this.book.books.ledger.settleTask(taskId, null, CANCELLED, this.edge.now);
  }

  /** One event of a bad day. */
  async step(): Promise<void> {
    const { random, edge, clients } = this;
    const agent = random.pick(this.agents);
    const dice = random.below(100);
    if (dice < 7) await (this.ledger.live.size < MOST_LIVE ? clients.submit() : edge.beginDuties());
    else if (dice < 8) await clients.askAgain();
    else if (dice < 9) await (random.chance(0.5) ? clients.retry() : clients.handOverLate());
    else if (dice < 12) await clients.cancel(random.pick([...this.queue.tasks, "none"]));
    else if (dice < 34) this.#deliver(agent);
    else if (dice < 46) agent.read(random);
    else if (dice < 58) this.#work(agent);
    else if (dice < 61) this.#disturb(agent);
    else if (dice < 67) this.#hearAgain();
    else if (dice < 77) await edge.tick(random.pick([0, 200, 1_000, 4_000]));
    else if (dice < 78) await edge.tick(random.pick([40_000, 70_000, 700_000, -5_000]));
    else if (dice < 86) await edge.beginDuties();
    else if (dice < 97) await edge.goOn(random.below(edge.unfinished.length));
    else if (dice < 98) this.#isDown = random.chance(0.3);
    else if (dice < 99) await edge.beginSweep();
    else if (random.chance(0.4)) this.#restart(random.chance(0.15));
  }

  #deliver(agent: SimulatedAgent): void {
    const message = agent.toEdge.shift();
    if (!message) return;
    if (message.type !== "hello" && message.type !== "bye") this.#remember(agent.id, message);
    this.edge.hear(agent.id, message);
    if (message.type === "bye") agent.cut();
  }

  #remember(agentId: string, message: Parameters<SimulatedEdge["hear"]>[1]): void {
    this.#heard.push({ agentId, message });
    if (this.#heard.length > MOST_HEARD) this.#heard.splice(this.random.below(MOST_HEARD), 1);
  }

  #work(agent: SimulatedAgent): void {
    const { random } = this;
    const attemptId = random.pick([...agent.running, ""]);
    if (attemptId === "") return;
    const how = random.below(10);
    if (how < 4) agent.progress(attemptId, random.below(30));
    else this.#finish(agent, attemptId, how < 8 ? "completed" : how < 9 ? "retryable" : "for good");
  }

  #finish(agent: SimulatedAgent, attemptId: string, how: Parameters<SimulatedAgent["finish"]>[1]): void {
    const item = this.edge.store.findByAttempt(attemptId);
    const mayUpload = item?.state === "running" || item?.state === "ending";
    if (how === "completed" && mayUpload && (this.#isCalm || !this.random.chance(0.1)))
      this.book.store(attemptId, item.pixels, item.state === "ending");
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
    for (const taskId of [...this.ledger.live, ...this.#ended]) this.#lost.add(taskId);
    this.#ends.clear();
  }

  /** What must hold after every event. @throws naming what does not. */
  check(): void {
    const { opened, ended } = this.ledger.check();
    for (const taskId of opened) this.queue.tasks.add(taskId);
    for (const taskId of ended) this.#ended.add(taskId);
    this.queue.check((taskId) => this.ledger.live.has(taskId));
    for (const message of this.book.published.splice(0)) {
      const how = message.type === "error" ? "FAILED" : message.status;
      if (this.book.status(message.taskId) !== how) throw new Error(`${message.taskId} was told to be ${how}`);
      this.#told.set(message.taskId, how);
    }
  }

  /** The bad day is over for now: everybody is back and does their work. What is over then is checked as a whole. */
  async rest(): Promise<void> {
    this.#isCalm = true;
    this.#isDown = false;
    for (const agent of this.agents) {
      if (this.random.chance(0.5)) agent.kill();
      else agent.cut();
      agent.connect();
    }
    for (let second = 0; second < 240 && !this.#isQuiet; second++) await this.#calmSecond(second);
    this.#checkRest();
    this.#isCalm = false;
  }

  async #calmSecond(second: number): Promise<void> {
    const { edge, random } = this;
    if (second % 10 === 0) await edge.beginSweep();
    for (const agent of this.agents) {
      while (agent.toAgent.length > 0) agent.read(random);
      // Heard to have accepted, it may upload.
      while (agent.toEdge.length > 0) this.#deliver(agent);
      for (const attemptId of agent.running) this.#finish(agent, attemptId, "completed");
      while (agent.toEdge.length > 0) this.#deliver(agent);
      if (second % 5 === 0) agent.repeatEnds();
    }
    await edge.tick(1_000);
    while (edge.unfinished.length > 0) await edge.goOn(0);
    this.check();
  }

  get #isQuiet(): boolean {
    return this.queue.tasks.size === 0 && this.edge.outbox.earliestDue() === null && this.agents.every(({ ends }) => ends.size === 0);
  }

  /** @throws naming what does not hold once everything is over. */
  #checkRest(): void {
    const { book, edge } = this;
    for (const taskId of this.queue.tasks)
      throw new Error(`${taskId} never ended: ${book.status(taskId)}, ${JSON.stringify(edge.store.getItem(taskId))}`);
    if (edge.outbox.earliestDue() !== null) throw new Error("a duty is left over");
    for (const agent of this.agents) if (agent.ends.size > 0) throw new Error(`${agent.id} still keeps ${[...agent.ends.keys()].join()}`);
    this.ledger.checkAll();
    for (const taskId of this.#ended) {
      const told = this.#told.get(taskId) ?? "nothing";
      const isOurs = this.clients.handedOver.has(taskId) && !this.#lost.has(taskId);
      if (isOurs && told !== book.status(taskId)) throw new Error(`${taskId} is ${book.status(taskId)}, its user knows ${told}`);
    }
    book.checkFiles(this.#lost);
    this.#ended.clear();
    this.#lost.clear();
    this.#told.clear();
  }
}
