import { canRun, mayTake } from "../queue/matching.ts";
import { openFor, roomOf } from "../queue/room.ts";
import type { AgentRecord, WorkItem } from "../queue/types.ts";
import { needOf } from "./real-book.ts";
import type { SimulatedAgent } from "./simulated-agent.ts";
import { LIMITS, type SimulatedDispatcher } from "./simulated-dispatcher.ts";

const attemptOf = (item: WorkItem) => (item.state === "waiting" ? null : item.attempt);

/** Holds a work list against itself and its agents. */
export class QueueWatch {
  readonly #dispatcher: SimulatedDispatcher;
  readonly #agents: readonly SimulatedAgent[];
  #seen: { list: object; version: number } | null = null;

  constructor(dispatcher: SimulatedDispatcher, agents: readonly SimulatedAgent[]) {
    this.#dispatcher = dispatcher;
    this.#agents = agents;
  }

  /** @throws naming what does not hold. */
  check(): void {
    this.#dispatcher.checkAlarm();
    const { store, list } = this.#dispatcher;
    if (this.#seen?.list === list && this.#seen.version === list.version) return;
    this.#seen = { list, version: list.version };
    const items = [...list.items.values()];
    const waiting = items.filter((item) => item.state === "waiting");
    if (store.countWaiting() !== waiting.length) throw new Error(`${waiting.length} tasks wait, ${store.countWaiting()} are counted`);
    const attempts = items.flatMap((item) => attemptOf(item)?.id ?? []);
    if (new Set(attempts).size < attempts.length) throw new Error(`an attempt twice on the list: ${attempts.join()}`);
    for (const agent of store.listAgents()) {
      const given = items.filter((item) => item.state !== "ending" && attemptOf(item)?.agentId === agent.agentId);
      const { slots, models, ends } = this.#agents.find(({ id }) => id === agent.agentId) ?? { slots: 0, models: [], ends: new Map() };
      // After a loss of the list, D1 gives an agent also what it has finished and not said yet.
      const isOver = (item: WorkItem) => item.state === "running" && (item.progress.phase === "uploading" || ends.has(item.attempt.id));
      const working = given.filter((item) => !isOver(item)).length;
      if (working > slots || given.length > 2 * slots) throw new Error(`${agent.agentId} has ${given.length} of ${slots} slots`);
      const unfit = given.find((item) => item.state === "offered" && !canRun({ ...agent, models }, { ...item, ...needOf(item.model) }));
      if (unfit) throw new Error(`${unfit.taskId} is offered to ${agent.agentId}, which cannot run it`);
      const room = roomOf(agent, given);
      const missed = waiting.find((item) => openFor(room, agent.models, store.lineOf(item)) > 0 && this.#mayRun(agent, item));
      if (missed) throw new Error(`${missed.taskId} waits though ${agent.agentId} has an open slot`);
    }
  }

  /** Whether an agent with room should have been given that task. */
  #mayRun(agent: AgentRecord, item: WorkItem): boolean {
    const { store } = this.#dispatcher;
    const line = store.lineOf(item);
    const isCapped = store.shareOf(item.userId).running >= LIMITS.runningPerUser && agent.ownerId !== item.userId;
    return !isCapped && !store.holds.isOn(line) && mayTake(agent, line) && canRun(agent, { ...line, userId: item.userId });
  }
}
