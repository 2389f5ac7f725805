import { canRun, mayTake } from "../queue/matching.ts";
import { openFor, roomOf } from "../queue/room.ts";
import type { AgentRecord, WorkItem } from "../queue/types.ts";
import { needOf } from "./real-book.ts";
import type { SimulatedEdge } from "./simulated-edge.ts";

/** Holds the work list against itself and the agents, over the tasks that are on it or may be. */
export class QueueWatch {
  /** Tasks that are live in D1 or stood on the list when it was last looked at. */
  readonly tasks = new Set<string>();
  readonly #edge: SimulatedEdge;

  constructor(edge: SimulatedEdge) {
    this.#edge = edge;
    edge.onQueued = (taskId) => this.tasks.add(taskId);
  }

  /** @param isLive whether D1 still counts on that task. @throws naming what does not hold. */
  check(isLive: (taskId: string) => boolean): void {
    const { store } = this.#edge;
    const items: WorkItem[] = [];
    for (const taskId of this.tasks) {
      const item = store.getItem(taskId);
      if (item) items.push(item);
      else if (!isLive(taskId)) this.tasks.delete(taskId);
    }
    const waiting = items.filter((item) => item.state === "waiting");
    if (store.countWaiting() !== waiting.length) throw new Error(`${waiting.length} tasks wait, ${store.countWaiting()} are counted`);
    const attempts = items.flatMap((item) => (item.state === "waiting" || !item.attempt ? [] : item.attempt.id));
    if (new Set(attempts).size < attempts.length) throw new Error(`an attempt twice on the list: ${attempts.join()}`);
    for (const agent of store.listAgents()) {
      const given = store.itemsOfAgent(agent.agentId);
      const { slots, models } = this.#edge.agents.find(({ id }) => id === agent.agentId) ?? { slots: 0, models: [] };
      const working = given.filter((item) => !(item.state === "running" && item.progress.phase === "uploading")).length;
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
    const { store, limits } = this.#edge;
    const line = store.lineOf(item);
    const isCapped = store.shareOf(item.userId).running >= limits.runningPerUser && agent.ownerId !== item.userId;
    return !isCapped && !store.holds.isOn(line) && mayTake(agent, line) && canRun(agent, { ...line, userId: item.userId });
  }
}
