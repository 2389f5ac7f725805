import { type DispatchStore, lineKey } from "./store.ts";
import type { AgentRecord, WorkItem } from "./types.ts";

/** The work list in memory, for tests of the decisions and for simulations; the object uses `SqliteStore`. */
export function createMemoryStore(): DispatchStore {
  const items = new Map<string, WorkItem>();
  const agents = new Map<string, AgentRecord>();
  const speeds = new Map<string, number>();
  let seq = 0;

  const all = (keep: (item: WorkItem) => boolean) => [...items.values()].filter(keep).toSorted((a, b) => a.seq - b.seq);
  const attemptOf = (item: WorkItem) => (item.state === "waiting" ? null : item.attempt);

  return {
    getItem: (taskId) => items.get(taskId) ?? null,
    findByAttempt: (attemptId) => [...items.values()].find((item) => attemptOf(item)?.id === attemptId) ?? null,
    itemsOfAgent: (agentId) => all((item) => item.state !== "ending" && attemptOf(item)?.agentId === agentId),
    putItem: (item) => void items.set(item.taskId, kept(item)),
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
    firstWaiting: (line) => all((item) => item.state === "waiting" && lineKey(item) === lineKey(line))[0] ?? null,
    countWaitingBefore: (line, seq) => all((item) => item.state === "waiting" && lineKey(item) === lineKey(line) && item.seq < seq).length,
    countWaiting: () => all((item) => item.state === "waiting").length,
    countWaitingOfUser: (userId) => all((item) => item.state === "waiting" && item.userId === userId).length,

    dueItems: (now, limit) =>
      all((item) => item.dueAt <= now)
        .toSorted((a, b) => a.dueAt - b.dueAt)
        .slice(0, limit),
    restedAgents: (now) => [...agents.values()].filter(({ restsUntil }) => restsUntil !== null && restsUntil <= now),
    earliestDue() {
      const due = [...[...items.values()].map(({ dueAt }) => dueAt), ...[...agents.values()].flatMap(({ restsUntil }) => restsUntil ?? [])];
      return due.length === 0 ? null : due.reduce((a, b) => Math.min(a, b));
    },

    getAgent: (agentId) => agents.get(agentId) ?? null,
    putAgent: (agent) => void agents.set(agent.agentId, kept(agent)),
    deleteAgent: (agentId) => void agents.delete(agentId),
    listAgents: () => [...agents.values()],

    getSpeed: (key) => speeds.get(key) ?? null,
    putSpeed: (key, msPerMegaWork) => void speeds.set(key, msPerMegaWork),
  };
}

/** A copy that nobody can change: a decision that forgets to put what it changed fails here, not in production. */
function kept<T>(value: T): T {
  const copy = structuredClone(value);
  freeze(copy);
  return copy;
}

function freeze(value: unknown): void {
  if (typeof value !== "object" || value === null) return;
  Object.values(value).forEach(freeze);
  Object.freeze(value);
}
