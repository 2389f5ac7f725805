import type { AgentMessage, EdgeMessage } from "@star-graph/shared/agent-protocol";
import type { Duty, TaskToQueue, WorkItem } from "../queue/types.ts";
import { PUBLIC_POOL } from "../shards/pools.ts";
import { rankShards, summarise } from "../shards/shard-summary.ts";
import { unlessInterrupted } from "./interruption.ts";
import type { PlantedFault } from "./planted-fault.ts";
import type { RealBook } from "./real-book.ts";
import type { SimulatedAgent } from "./simulated-agent.ts";
import { SimulatedDispatcher } from "./simulated-dispatcher.ts";
import type { Weather } from "./weather.ts";

const SHARDS = [0, 1];

/** Told what happens, by the test that watches. */
interface EdgeWatch {
  onDuty: (shard: number, duty: Duty, isOver: boolean) => void;
  onSend: (agent: SimulatedAgent, message: EdgeMessage) => void;
  /** The other shard may not know of the task that was moved to it. */
  onNotHandedOver: (taskId: string) => void;
}

interface EdgeDeps {
  book: RealBook;
  weather: Weather;
  agents: readonly SimulatedAgent[];
  fault: PlantedFault | null;
  watch: EdgeWatch;
}

/** The shards of a pool, the cron trigger that sweeps them, and the time. */
export class SimulatedEdge {
  now = 1_000_000;
  /** The first thing that went wrong where nobody waits for it. */
  trouble: unknown = null;
  readonly shards: readonly SimulatedDispatcher[];
  readonly agents: readonly SimulatedAgent[];
  readonly #book: RealBook;
  readonly #weather: Weather;
  readonly #connecting = new Set<string>();
  #attempts = 0;

  constructor({ book, weather, agents, fault, watch }: EdgeDeps) {
    this.agents = agents;
    this.#book = book;
    this.#weather = weather;
    const newAttemptId = () => `attempt-${++this.#attempts}`;
    const onTrouble = (trouble: unknown) => void (this.trouble ??= trouble);
    const takeOver = ({ shard }: { shard: number }, task: TaskToQueue) => this.#shard(shard)?.shell.takeOver(task);
    this.shards = SHARDS.map(
      (shard) =>
        new SimulatedDispatcher({
          place: { pool: PUBLIC_POOL, shard },
          agents: agents.filter((agent) => agent.shard === shard),
          onDuty: (duty, isOver) => this.#orTrouble(() => watch.onDuty(shard, duty, isOver)),
          onSend: (agent, message) => this.#orTrouble(() => watch.onSend(agent, message)),
          onNotHandedOver: (taskId) => watch.onNotHandedOver(taskId),
          now: () => this.now,
          book,
          weather,
          fault,
          newAttemptId,
          onTrouble,
          takeOver,
        }),
    );
  }

  /** What is found in the middle of a call must not end that call as a fault of the day. */
  #orTrouble(look: () => void): void {
    try {
      look();
    } catch (error) {
      this.trouble ??= error;
    }
  }

  #shard(shard: number): SimulatedDispatcher | undefined {
    return this.shards[shard];
  }

  of(agent: SimulatedAgent): SimulatedDispatcher {
    const home = this.#shard(agent.shard);
    if (!home) throw new Error(`${agent.id} belongs to no shard`);
    return home;
  }

  /** As the Worker asks the shards: those that can run the task first. */
  shardsFor(task: TaskToQueue): SimulatedDispatcher[] {
    const summaries = this.shards.map(({ store, place }) => summarise(store, place, this.now));
    return rankShards(summaries, task).flatMap(({ shard }) => this.#shard(shard) ?? []);
  }

  /** The shard that D1 names hears of a cancel. */
  cancel(taskId: string): void {
    this.#shard(this.#book.shardOf(taskId) ?? 0)?.shell.cancel(taskId);
  }

  hear(agentId: string, message: AgentMessage): void {
    const agent = this.agents.find(({ id }) => id === agentId);
    if (agent) this.of(agent).hear(agentId, message);
  }

  /** The task whose files that attempt may bring. */
  uploading(attemptId: string): WorkItem | null {
    const items = this.shards.flatMap(({ store }) => store.findByAttempt(attemptId) ?? []);
    return items.find(({ state }) => state === "running" || state === "ending") ?? null;
  }

  connect(agent: SimulatedAgent): void {
    if (this.#connecting.has(agent.id)) return;
    this.#connecting.add(agent.id);
    const accepted = unlessInterrupted(() => this.of(agent).accept(agent)).then(() => this.#connecting.delete(agent.id));
    accepted.catch((error: unknown) => void (this.trouble ??= error));
  }

  passTime(ms: number): void {
    this.now += ms;
    for (const shard of this.shards) shard.passTime();
  }

  /** The cron trigger. @param closed a shard that nobody is to serve any more */
  sweep(closed: number | null): void {
    const summaries = this.shards.map(({ store, place }) => summarise(store, place, this.now));
    for (const shard of this.shards) {
      const { place } = shard;
      const targets = summaries.filter(({ shard: number }) => number !== place.shard && number !== closed);
      const swept = unlessInterrupted(() => shard.sweep({ targets, isClosed: place.shard === closed }));
      swept.catch((error: unknown) => void (this.trouble ??= error));
    }
  }

  /** @param losesStorage also what it had stored */
  die(shard: SimulatedDispatcher, losesStorage: boolean): void {
    for (const agent of this.agents) if (this.of(agent) === shard) this.#connecting.delete(agent.id);
    shard.die(losesStorage);
  }

  goOn(below: (many: number) => number): void {
    this.#weather.parking.goOn(this.now, below);
  }
}
