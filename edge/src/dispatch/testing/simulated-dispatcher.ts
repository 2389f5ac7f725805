import { DEFAULTS, QUEUE_LIMITS, RATE_LIMITS } from "@star-graph/shared/defaults";
import type { AgentMessage, EdgeMessage } from "@star-graph/shared/agent-protocol";
import { DispatchShell } from "../dispatch-shell.ts";
import { createOutbox, type Outbox } from "../duties/outbox.ts";
import type { AgentCommand } from "../queue/agent-intake.ts";
import type { QueueLimits } from "../queue/clock.ts";
import type { DispatchStore } from "../queue/store.ts";
import type { Duty, TaskToQueue, WorkItem } from "../queue/types.ts";
import type { Destinations } from "../recovery/move-tasks.ts";
import type { Shard } from "../shards/pools.ts";
import { createSqliteStore } from "../storage/sqlite-store.ts";
import { createSubmitCounts } from "../storage/submit-counts.ts";
import { ListMirror } from "./list-mirror.ts";
import { openNodeSql } from "./node-sql.ts";
import type { PlantedFault } from "./planted-fault.ts";
import type { RealBook } from "./real-book.ts";
import { never } from "./parking.ts";
import type { SimulatedAgent } from "./simulated-agent.ts";
import type { Weather } from "./weather.ts";

export const LIMITS: QueueLimits = { ...QUEUE_LIMITS, waiting: 20, waitingPerUser: 12, runningPerUser: 2 };

export interface DispatcherDeps {
  place: Shard;
  book: RealBook;
  weather: Weather;
  agents: readonly SimulatedAgent[];
  fault: PlantedFault | null;
  now: () => number;
  newAttemptId: () => string;
  /** Another shard's. */
  takeOver: (shard: Shard, task: TaskToQueue) => void;
  /** Told of each duty as it is promised and when it is over, and of each frame as it is sent, by the test that watches. */
  onDuty: (duty: Duty, isOver: boolean) => void;
  onSend: (agent: SimulatedAgent, message: EdgeMessage) => void;
  onNotHandedOver: (taskId: string) => void;
  onTrouble: (trouble: unknown) => void;
}

/** What an object's process was to those who called from it: it goes with the process. */
class Life {}

/** The platform around one shard's shell: its storage, its alarm, its agents' lines, and its deaths. */
export class SimulatedDispatcher {
  store: DispatchStore;
  outbox: Outbox;
  shell: DispatchShell;
  list: ListMirror;
  /** As it is stored; null when none is set. */
  alarmAt: number | null = null;
  readonly place: Shard;
  readonly #deps: DispatcherDeps;
  #sql = openNodeSql();
  #life = new Life();
  /** The line that each agent has named itself on. */
  readonly #lines = new Map<string, number>();
  readonly #pings = new Map<string, number>();

  constructor(deps: DispatcherDeps) {
    this.#deps = deps;
    this.place = deps.place;
    ({ store: this.store, outbox: this.outbox, shell: this.shell, list: this.list } = this.#start(new Map()));
  }

  /** As the object's constructor. @param before what stands on its list */
  #start(before: ReadonlyMap<string, WorkItem>): { store: DispatchStore; outbox: Outbox; shell: DispatchShell; list: ListMirror } {
    const { book, weather, fault, now, newAttemptId, takeOver, onTrouble } = this.#deps;
    const life = this.#life;
    const around = weather.around(life);
    const { history, duties } = book.open(around);
    const list = new ListMirror(createSqliteStore(this.#sql, LIMITS), before);
    const store = fault?.store?.(list.store) ?? list.store;
    const outbox = this.#watched(createOutbox(this.#sql));
    const setAlarm = (at: number) => void (this.alarmAt = at);
    const shell = new DispatchShell({
      timings: DEFAULTS,
      limits: LIMITS,
      rateLimits: RATE_LIMITS.generous,
      store,
      outbox,
      submits: createSubmitCounts(this.#sql),
      history: { ...history, ...fault?.history?.(history) },
      duties: { ...duties, ...fault?.duties?.(duties) },
      lines: { send: (agentId, message) => this.#send(agentId, message), hangUp: (agentId) => this.#hangUp(agentId) },
      onlookers: { onWaiting() {}, onStatus() {}, onProgress() {}, onAttemptOver() {}, onChange() {} },
      issueGrant: async () => "grant",
      publicBaseUrl: "https://edge.test",
      enqueueAt: (shard, task) =>
        around(async () => takeOver(shard, task)).catch((error: unknown) => {
          this.#deps.onNotHandedOver(task.taskId);
          throw error;
        }),
      lastPingAt: (agentId) => (this.#lines.has(agentId) ? (this.#pings.get(agentId) ?? 0) : 0),
      setAlarm: fault?.setAlarm?.(setAlarm) ?? setAlarm,
      background: (work) => void work.catch(onTrouble),
      pause: async (ms) => void ((await weather.parking.wait(life, now() + ms)) || (await never())),
      newAttemptId,
      now,
    });
    fault?.shell?.(shell);
    shell.wake((agentId) => this.#lines.has(agentId));
    return { store, outbox, shell, list };
  }

  #watched(stored: Outbox): Outbox {
    const { fault, onDuty } = this.#deps;
    const outbox = fault?.outbox?.(stored) ?? stored;
    const open = new Map<number, Duty>();
    return {
      ...outbox,
      add: (duty) => {
        onDuty(duty, false);
        outbox.add(duty);
      },
      next: (taskId, now) => {
        const entry = outbox.next(taskId, now);
        if (entry) open.set(entry.id, entry.duty);
        return entry;
      },
      done: (id) => {
        const duty = open.get(id);
        outbox.done(id);
        if (duty) onDuty(duty, true);
      },
    };
  }

  // ---- agents ----

  /** An agent's upgrade: it is refused while D1 has to be asked and is away. */
  async accept(agent: SimulatedAgent): Promise<void> {
    await this.shell.expectAgent(this.place);
    agent.connect();
  }

  hear(agentId: string, said: AgentMessage): void {
    const message = this.#deps.fault?.heard?.(said, agentId, this) ?? said;
    if (message.type !== "hello") return this.shell.hear(agentId, message);
    const agent = this.#agent(agentId);
    if (!agent) return;
    this.#lines.set(agentId, agent.line);
    this.#pings.set(agentId, this.#deps.now());
    this.shell.hello(agentId, message, agent.ownerId);
  }

  /** The edge has noticed that a line is gone, if it is still the agent's. */
  gone(agentId: string, line: number): void {
    if (this.#lines.get(agentId) !== line) return;
    this.#lines.delete(agentId);
    this.shell.agentGone(agentId);
  }

  dismiss(agentId: string): void {
    this.#agent(agentId)?.cut();
    this.gone(agentId, this.#lines.get(agentId) ?? 0);
    this.shell.dismissKeys([Number.parseInt(agentId, 10)], "the agent key was revoked");
  }

  command(agentId: string, command: AgentCommand): void {
    this.shell.command(agentId, command);
  }

  #agent(agentId: string): SimulatedAgent | undefined {
    return this.#deps.agents.find(({ id }) => id === agentId);
  }

  #send(agentId: string, message: EdgeMessage): void {
    const agent = this.#agent(agentId);
    if (!agent?.isConnected || this.#lines.get(agentId) !== agent.line) return;
    this.#deps.onSend(agent, message);
    agent.toAgent.push(message);
  }

  /** The socket closes when the agent's side has answered. */
  #hangUp(agentId: string): void {
    const line = this.#lines.get(agentId);
    const agent = this.#agent(agentId);
    if (line === undefined) return;
    if (agent?.line === line) agent.cut();
    const closed = this.#deps.weather.parking.wait(this.#life).then((isAlive) => isAlive && this.gone(agentId, line));
    closed.catch(this.#deps.onTrouble);
  }

  // ---- the platform ----

  /** Connected agents have pinged; the alarm rings when its time has come. */
  passTime(): void {
    const now = this.#deps.now();
    for (const { id, isConnected, line } of this.#deps.agents) if (isConnected && this.#lines.get(id) === line) this.#pings.set(id, now);
    if (this.alarmAt === null || this.alarmAt > now) return;
    this.alarmAt = null;
    this.shell.alarm().catch(this.#deps.onTrouble);
  }

  sweep(destinations: Destinations): Promise<void> {
    return this.shell.sweep(this.place, destinations);
  }

  /** Idle, it sleeps: its memory goes, its sockets stay. @returns false when it has something under way */
  sleep(): boolean {
    if (this.#deps.weather.parking.holds(this.#life)) return false;
    this.#begin(this.list.items);
    return true;
  }

  /** Its process died: every line is cut, and what it was about is forgotten; with its storage, if that is lost too. */
  die(losesStorage: boolean): void {
    for (const agent of this.#deps.agents) if (agent.shard === this.place.shard) agent.cut();
    this.#lines.clear();
    this.#pings.clear();
    this.#deps.weather.parking.dieWith(this.#life);
    if (losesStorage) {
      this.#sql = openNodeSql();
      this.alarmAt = null;
    }
    this.#begin(losesStorage ? new Map() : this.list.items);
  }

  #begin(before: ReadonlyMap<string, WorkItem>): void {
    this.#life = new Life();
    ({ store: this.store, outbox: this.outbox, shell: this.shell, list: this.list } = this.#start(before));
  }

  /** @throws when something is due earlier than the alarm. */
  checkAlarm(): void {
    const due = Math.min(this.list.store.earliestDue() ?? Infinity, this.outbox.earliestDue() ?? Infinity);
    if (due < Number.MAX_SAFE_INTEGER && (this.alarmAt === null || this.alarmAt > Math.max(due, 1)))
      throw new Error(`no alarm for what is due at ${due}: it is set for ${this.alarmAt}`);
  }
}
