import { type DispatchStore, lineKey } from "./store.ts";
import type { AgentRecord, WorkItem } from "./types.ts";

/** The work list in memory, for tests of the decisions and for simulations; the object uses `SqliteStore`. */
export function createMemoryStore(): DispatchStore {
  const items = new Map<string, WorkItem>();
  const agents = new Map<string, AgentRecord>();
  const speeds = new Map<string, number>();
  let seq = 0;

  const all = (keep: (item: WorkItem) => boolean) => [...items.values()].filter(keep).toSorted((a, b) => a.seq - b.seq);
  const copy = <T>(value: T | undefined): T | null => (value === undefined ? null : structuredClone(value));
  const attemptOf = (item: WorkItem) => (item.state === "waiting" ? null : item.attempt);

  return {
    getItem: (taskId) => copy(items.get(taskId)),
    findByAttempt: (attemptId) => copy(all((item) => attemptOf(item)?.id === attemptId)[0]),
    itemsOfAgent: (agentId) => structuredClone(all((item) => item.state !== "ending" && attemptOf(item)?.agentId === agentId)),
    putItem: (item) => void items.set(item.taskId, structuredClone(item)),
    deleteItem: (taskId) => void items.delete(taskId),
    nextSeq: () => ++seq,

    waitingLines: () =>
      [
        ...Map.groupBy(
          all((item) => item.state === "waiting"),
          lineKey,
        ).values(),
      ].map((line) => {
        const { type, model, pixels } = line[0]!;
        return { type, model, pixels, tasks: line.length };
      }),
    firstWaiting: (line) => copy(all((item) => item.state === "waiting" && lineKey(item) === lineKey(line))[0]),
    countWaiting: () => all((item) => item.state === "waiting").length,
    countItemsOfUser: (userId) => all((item) => item.userId === userId).length,

    dueItems: (now, limit) =>
      structuredClone(
        all((item) => item.dueAt <= now)
          .toSorted((a, b) => a.dueAt - b.dueAt)
          .slice(0, limit),
      ),
    earliestDue: () =>
      [...items.values()].reduce<number | null>((least, { dueAt }) => (least === null || dueAt < least ? dueAt : least), null),

    getAgent: (agentId) => copy(agents.get(agentId)),
    putAgent: (agent) => void agents.set(agent.agentId, structuredClone(agent)),
    listAgents: () => structuredClone([...agents.values()]),

    getSpeed: (key) => speeds.get(key) ?? null,
    putSpeed: (key, msPerMegaWork) => void speeds.set(key, msPerMegaWork),
  };
}
