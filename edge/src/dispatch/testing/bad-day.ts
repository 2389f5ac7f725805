import type { AgentModel, EdgeMessage } from "@star-graph/shared/agent-protocol";
import { CANCELLED } from "../../billing/testing/books.ts";
import type { Duty } from "../queue/types.ts";
import { aModel, MEGAPIXEL } from "./builders.ts";
import { Clients } from "./clients.ts";
import { LedgerWatch } from "./ledger-watch.ts";
import type { PlantedFault } from "./planted-fault.ts";
import { QueueWatch } from "./queue-watch.ts";
import { Random } from "./random.ts";
import { MEMORY_NEEDS, RealBook } from "./real-book.ts";
import type { SimulatedDispatcher } from "./simulated-dispatcher.ts";
import { SimulatedAgent } from "./simulated-agent.ts";
import { SimulatedEdge } from "./simulated-edge.ts";
import { settle, Weather } from "./weather.ts";

/** Beyond it nobody submits: what is live is looked at after each event. */
const MOST_LIVE = 30;
const FIRST_CREDITS = 500;
const MOST_HEARD = 400;
const USERS = [1001, 1002, 1003];

/** A pool of two shards, three agents, three users and the real ledger, and everything that can go wrong between them. */
export class BadDay {
  readonly random: Random;
  readonly weather: Weather;
  readonly book = new RealBook();
  readonly agents: SimulatedAgent[];
  readonly edge: SimulatedEdge;
  readonly clients: Clients;
  readonly ledger: LedgerWatch;
  readonly queues: QueueWatch[];
  /** Frames that were sent, to be heard again at the wrong time. */
  readonly #heard: { agentId: string; message: Parameters<SimulatedEdge["hear"]>[1] }[] = [];
  /** Ends that a shard has promised to D1, as `shard task`: one that was told late of what has left it is refused there. */
  readonly #ends = new Set<string>();
  /** Tasks whose promises were lost with a shard's storage: only the Worker can tell their users. */
  readonly #lost = new Set<string>();
  /** Tasks that were on no list when a shard died, or could not be handed over. */
  readonly #between = new Set<string>();
  readonly #told = new Map<string, string>();
  /** Tasks that ended since the last rest. */
  readonly #ended = new Set<string>();

  private constructor(seed: number, fault: PlantedFault | null) {
    const { book } = this;
    this.random = new Random(seed);
    this.weather = new Weather(this.random);
    if (fault?.schema) book.books.sqlite.exec(fault.schema);
    const both: AgentModel[] = [aModel(), aModel({ name: "other" })];
    const two = [aModel({ engines: [0, 1] }), aModel({ name: "other", engines: [1], memoryBytes: 12 * 2 ** 30 })];
    const small = both.map((model) => ({ ...model, maxPixels: MEGAPIXEL, memoryBytes: 8 * 2 ** 30 }));
    const mine = new SimulatedAgent("2.c", 2, small);
    this.agents = [new SimulatedAgent("1.a", 1, both), new SimulatedAgent("1.b", [1, 1], two, 1), mine];
    // On some days a box is its owner's, first or alone.
    if (seed % 3 !== 0) Object.assign(mine, { ownerId: 1002, ownTasks: seed % 3 === 1 ? "first" : "only" });
    const watch = {
      onDuty: (place: number, duty: Duty, isOver: boolean) => this.#checkDuty(place, duty, isOver),
      onSend: (agent: SimulatedAgent, message: EdgeMessage) => this.#checkAck(agent, message),
      onNotHandedOver: (taskId: string) => void this.#between.add(taskId),
    };
    this.ledger = new LedgerWatch(book);
    const { random, weather, agents, ledger } = this;
    this.edge = new SimulatedEdge({ book, weather, agents, fault, watch });
    this.queues = this.edge.shards.map((shard) => new QueueWatch(shard, agents));
    const access = book.open(weather.around(null));
    this.clients = new Clients({ random, book, ledger: access.ledger, edge: this.edge, watch: ledger, userIds: USERS });
    // A cancel that comes in just before a call arrives.
    weather.meanwhile = () => book.books.ledger.settleTask(random.pick([...ledger.live, "none"]), null, CANCELLED, this.edge.now);
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
    day.weather.isCalm = false;
    return day;
  }

  #checkDuty(place: number, { kind, taskId }: Duty, isOver: boolean): void {
    if (kind !== "completed" && kind !== "failed") return;
    const end = `${place} ${taskId}`;
    // Carried out, it has ended the task in D1 or was refused there.
    if (isOver) this.#ends.delete(end);
    // Handed over once more after its end, it is refused by D1.
    else if (this.ledger.live.has(taskId)) {
      if (this.#ends.has(end)) throw new Error(`a second end of ${taskId} is promised`);
      this.#ends.add(end);
    }
  }

  /** An agent that is told so deletes its files. */
  #checkAck(agent: SimulatedAgent, message: EdgeMessage): void {
    if (message.type !== "ack" || message.outcome !== "recorded" || agent.ends.get(message.attemptId)?.type !== "completed") return;
    const outcome = this.book.outcomeOf(message.attemptId);
    // Or it is over otherwise: its deadline came first.
    if (typeof outcome !== "string") throw new Error(`${message.attemptId} was acknowledged and is not over on record`);
  }

  /** One event of a bad day. */
  async step(): Promise<void> {
    let dice = this.random.below(this.#weights);
    for (const [weight, happen] of this.#events) {
      if (dice < weight) {
        await happen();
        break;
      }
      dice -= weight;
    }
    await settle();
  }

  /** What may happen next, each so often among all. */
  readonly #events: readonly [number, () => unknown][] = [
    [28, () => (this.ledger.live.size < MOST_LIVE ? this.clients.submit() : this.clients.goOn(0))],
    [6, () => this.clients.goOn(0)],
    [3, () => this.clients.askAgain()],
    [1, () => this.clients.retry()],
    [1, () => this.clients.handOverLate()],
    [5, () => this.clients.cancel(this.random.pick([...this.#tasks, "none"]))],
    [80, () => this.#often(() => this.#deliver(this.#anyAgent))],
    [60, () => this.#often(() => this.#anyAgent.read(this.random))],
    [100, () => this.#work(this.#anyAgent)],
    [20, () => this.#comeBack(this.#anyAgent)],
    [3, () => this.#disturb(this.#anyAgent)],
    [1, () => this.#command(this.#anyAgent)],
    [20, () => this.#hearAgain()],
    [80, () => this.#often(() => this.edge.goOn((many) => this.random.below(many)))],
    [24, () => this.edge.passTime(this.random.pick([0, 100, 200, 1_000]))],
    [5, () => this.edge.passTime(4_000)],
    [1, () => this.edge.passTime(this.random.pick([40_000, 70_000, 700_000, -5_000]))],
    [3, () => this.edge.sweep(this.random.chance(0.1) ? 1 : null)],
    [1, () => (this.weather.isDown = this.random.chance(0.2))],
    [1, () => this.#die(this.random.pick(this.edge.shards), this.random.chance(0.25))],
    [1, () => this.random.pick(this.edge.shards).sleep()],
  ];
  readonly #weights = this.#events.reduce((sum, [weight]) => sum + weight, 0);

  get #anyAgent(): SimulatedAgent {
    return this.random.pick(this.agents);
  }

  #often(happen: () => void): void {
    for (let times = 1 + this.random.below(3); times > 0; times--) happen();
  }

  /** Tasks that are live in D1 or stand on a list. */
  get #tasks(): Set<string> {
    return new Set([...this.ledger.live, ...this.edge.shards.flatMap(({ list }) => [...list.items.keys()])]);
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
    // It draws for longer than its word is on its way, most of the time.
    if (!this.edge.uploading(attemptId) && random.chance(0.9)) return;
    if (how < 4) agent.progress(attemptId, random.below(30));
    else this.#finish(agent, attemptId, how < 8 ? "completed" : how < 9 ? "retryable" : "for good");
  }

  #finish(agent: SimulatedAgent, attemptId: string, how: Parameters<SimulatedAgent["finish"]>[1]): void {
    const item = this.edge.uploading(attemptId);
    if (how === "completed" && item && (this.weather.isCalm || !this.random.chance(0.1)))
      this.book.store(attemptId, item.pixels, item.state === "ending");
    agent.finish(attemptId, how);
  }

  #comeBack(agent: SimulatedAgent): void {
    if (!agent.isConnected) this.edge.connect(agent);
  }

  #disturb(agent: SimulatedAgent): void {
    const { random, edge } = this;
    if (!agent.isConnected) return;
    const how = random.below(4);
    if (how === 0) return agent.leave();
    const { line } = agent;
    if (how === 1) agent.kill();
    else agent.cut();
    // A blink is over before the edge has noticed.
    if (random.chance(0.6)) edge.of(agent).gone(agent.id, line);
    if (random.chance(0.5)) edge.connect(agent);
  }

  #command(agent: SimulatedAgent): void {
    const { random, edge } = this;
    const command = random.pick(["drain", "pause", "resume", "resume", "resume", "dismiss"] as const);
    if (command === "dismiss") edge.of(agent).dismiss(agent.id);
    else edge.of(agent).command(agent.id, command);
  }

  #hearAgain(): void {
    const { random } = this;
    const again = this.#heard[random.below(this.#heard.length)];
    if (!again) return;
    const isFromAnother = random.chance(0.2);
    this.edge.hear(isFromAnother ? random.pick(this.agents).id : again.agentId, again.message);
  }

  #die(shard: SimulatedDispatcher, losesStorage: boolean): void {
    const { edge } = this;
    // Between two lists when it died: D1 knows them, and a cancel that nobody passed on is told nobody.
    for (const taskId of this.ledger.live) if (!edge.shards.some(({ list }) => list.items.has(taskId))) this.#between.add(taskId);
    edge.die(shard, losesStorage);
    if (!losesStorage) return;
    for (const taskId of [...this.ledger.live, ...this.#ended]) this.#lost.add(taskId);
    this.#ends.clear();
  }

  /** What must hold after every event. @throws naming what does not. */
  check(): void {
    if (this.edge.trouble !== null) throw this.edge.trouble;
    for (const taskId of this.ledger.check()) this.#ended.add(taskId);
    for (const queue of this.queues) queue.check();
    this.clients.checkPlaces();
    for (const message of this.book.published.splice(0)) {
      const how = message.type === "error" ? "FAILED" : message.status;
      if (this.book.status(message.taskId) !== how) throw new Error(`${message.taskId} was told to be ${how}`);
      this.#told.set(message.taskId, how);
    }
  }

  /** The bad day is over for now: everybody is back and does their work. What is over then is checked as a whole. */
  async rest(): Promise<void> {
    const { random, edge, weather } = this;
    weather.isCalm = true;
    weather.isDown = false;
    for (const agent of this.agents) {
      if (random.chance(0.5)) agent.kill();
      else agent.cut();
      edge.of(agent).command(agent.id, "resume");
    }
    for (let second = 0; second < 240 && !this.#isQuiet; second++) await this.#calmSecond(second);
    this.#checkRest();
    weather.isCalm = false;
  }

  async #calmSecond(second: number): Promise<void> {
    const { edge, random } = this;
    if (second % 10 === 0) edge.sweep(null);
    for (const agent of this.agents) {
      if (!agent.isConnected) edge.connect(agent);
      await settle();
      while (agent.toAgent.length > 0) agent.read(random);
      // Heard to have accepted, it may upload.
      while (agent.toEdge.length > 0) this.#deliver(agent);
      for (const attemptId of agent.running) this.#finish(agent, attemptId, "completed");
      while (agent.toEdge.length > 0) this.#deliver(agent);
      if (second % 5 === 0) agent.repeatEnds();
    }
    edge.passTime(1_000);
    while (this.weather.parking.size > 0) {
      // A pause waits for its time.
      const before = this.weather.parking.size;
      edge.goOn(() => 0);
      await settle();
      if (this.weather.parking.size === before) break;
    }
    await settle();
    this.check();
  }

  get #isQuiet(): boolean {
    return (
      this.#tasks.size === 0 &&
      this.edge.shards.every(({ outbox }) => outbox.earliestDue() === null) &&
      this.agents.every(({ ends }) => ends.size === 0)
    );
  }

  /** @throws naming what does not hold once everything is over. */
  #checkRest(): void {
    const { book, edge } = this;
    for (const taskId of this.#tasks) {
      const items = edge.shards.map(({ list }) => list.items.get(taskId) ?? null);
      throw new Error(`${taskId} never ended: ${book.status(taskId)}, ${JSON.stringify(items)}`);
    }
    if (edge.shards.some(({ outbox }) => outbox.earliestDue() !== null)) throw new Error("a duty is left over");
    for (const agent of this.agents) if (agent.ends.size > 0) throw new Error(`${agent.id} still keeps ${[...agent.ends.keys()].join()}`);
    this.ledger.checkAll();
    for (const taskId of this.#ended) {
      const told = this.#told.get(taskId) ?? "nothing";
      const isOurs = this.clients.handedOver.has(taskId) && !this.#lost.has(taskId) && !this.#between.has(taskId);
      if (isOurs && told !== book.status(taskId)) throw new Error(`${taskId} is ${book.status(taskId)}, its user knows ${told}`);
    }
    book.checkFiles(this.#lost);
    this.#ended.clear();
    this.#lost.clear();
    this.#between.clear();
    this.#told.clear();
  }
}
