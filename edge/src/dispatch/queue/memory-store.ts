import { AgentIndex } from "./agent-index.ts";
import { Holds } from "./holds.ts";
import { wakeTime } from "./quarantine.ts";
import { classOf, lineKey, parseLineKey } from "./requirement.ts";
import { byAge, byShare, type DispatchStore, type Front, type StoreOptions } from "./store.ts";
import { roomOf } from "./room.ts";
import type { Requirement, WorkItem } from "./types.ts";
import { Vips } from "./vips.ts";

const hasAgent = (item: WorkItem): boolean => item.state !== "waiting" && item.state !== "ending";

/** The work list in memory, as plainly as it can be said, for tests of the decisions; the object uses `SqliteStore`. */
export function createMemoryStore({ runningPerUser }: StoreOptions = { runningPerUser: Infinity }): DispatchStore {
  const items = new Map<string, WorkItem>();
  const agents = new AgentIndex();
  const holds = new Holds();
  const vips = new Vips();
  const speeds = new Map<string, number>();
  const usages = new Map<number, number>();
  const uncapped = new Set<number>();
  let seq = 0;
  const turns = new Map<string, number>();

  let inOrder: WorkItem[] | null = null;
  const all = (keep: (item: WorkItem) => boolean) => (inOrder ??= [...items.values()].toSorted((a, b) => a.seq - b.seq)).filter(keep);
  const attemptOf = (item: WorkItem) => (item.state === "waiting" ? null : item.attempt);
  const itemsOfAgent = (agentId: string) => all((item) => item.state !== "ending" && attemptOf(item)?.agentId === agentId);
  let [keys, levels] = [new WeakMap<WorkItem, string>(), agents.levels];
  const keyOf = (item: WorkItem) => {
    if (levels !== agents.levels) [keys, levels] = [new WeakMap(), agents.levels];
    const key = keys.get(item) ?? lineKey(classOf(item, levels));
    keys.set(item, key);
    return key;
  };
  const waiting = (line?: Requirement, userId?: number) => {
    const key = line && lineKey(line);
    return all(
      (item) => item.state === "waiting" && (key === undefined || keyOf(item) === key) && (userId === undefined || item.userId === userId),
    );
  };
  const usage = (userId: number) => usages.get(userId) ?? 0;
  const running = (userId: number) => all((item) => item.userId === userId && hasAgent(item)).length;
  const frontsIn = (tasks: WorkItem[]): Front[] =>
    [...Map.groupBy(tasks, (item) => `${item.userId} ${keyOf(item)}`).values()].map((mine) => {
      const { userId, seq: first } = mine[0]!;
      return { line: parseLineKey(keyOf(mine[0]!)), userId, tasks: mine.length, seq: first, usage: usage(userId) };
    });
  const allowed = (line: Requirement) => frontsIn(waiting(line)).filter(({ userId }) => running(userId) < runningPerUser);
  const refresh = (agentId: string | undefined) => {
    const agent = agentId === undefined ? null : agents.get(agentId);
    if (agent) agents.setRoom(agent.agentId, roomOf(agent, itemsOfAgent(agent.agentId)));
  };

  function change(taskId: string, item: WorkItem | null): void {
    const before = items.get(taskId);
    const userId = (item ?? before)?.userId ?? 0;
    const wasCapped = running(userId) >= runningPerUser;
    inOrder = null;
    if (item) items.set(taskId, kept(item));
    else items.delete(taskId);
    refresh(before && attemptOf(before)?.agentId);
    refresh(item ? attemptOf(item)?.agentId : undefined);
    if (wasCapped && running(userId) < runningPerUser) uncapped.add(userId);
  }

  return {
    getItem: (taskId) => items.get(taskId) ?? null,
    findByAttempt: (attemptId) => [...items.values()].find((item) => attemptOf(item)?.id === attemptId) ?? null,
    itemsOfAgent,
    putItem: (item) => change(item.taskId, item),
    deleteItem: (taskId) => change(taskId, null),
    nextSeq: () => ++seq,

    lineOf: (task) => classOf(task, agents.levels),
    waitingLines: () =>
      [...Map.groupBy(waiting(), keyOf)].map(([key, tasks]) => ({
        ...parseLineKey(key),
        tasks: tasks.length,
        users: new Set(tasks.map(({ userId }) => userId)).size,
        work: tasks.reduce((sum, { work }) => sum + work, 0),
      })),
    nextByShare: (line, but = []) =>
      allowed(line)
        .filter(({ userId }) => !but.includes(userId))
        .toSorted(byShare)[0] ?? null,
    nextByAge: (line) => allowed(line).toSorted(byAge)[0] ?? null,
    frontsOf: (userId) => frontsIn(waiting(undefined, userId)),
    firstWaiting: (line, userId) => waiting(line, userId)[0] ?? null,
    countWaitingBefore: (line, userId, before) => waiting(line, userId).filter((item) => item.seq < before).length,
    countWaiting: () => waiting().length,
    waitingIds: (limit) =>
      waiting()
        .slice(0, limit)
        .map(({ taskId }) => taskId),
    shareOf: (userId) => ({ waiting: waiting(undefined, userId).length, running: running(userId), usage: usage(userId) }),
    setUsage: (userId, used) => void usages.set(userId, used),
    takeUncapped() {
      const users = [...uncapped];
      uncapped.clear();
      return users;
    },
    nextTurn(agentId) {
      const turn = (turns.get(agentId) ?? 0) + 1;
      turns.set(agentId, turn);
      return turn;
    },
    forgetUsers(below) {
      const isGone = (userId: number) => usage(userId) < below && all((item) => item.userId === userId).length === 0;
      for (const userId of usages.keys()) if (isGone(userId)) usages.delete(userId);
      vips.forget(isGone);
    },

    dueItems: (now, limit) =>
      all((item) => item.dueAt <= now)
        .toSorted((a, b) => a.dueAt - b.dueAt)
        .slice(0, limit),
    restedAgents: (now) => agents.list().filter((agent) => (wakeTime(agent) ?? Infinity) <= now),
    earliestDue() {
      const due = [...[...items.values()].map(({ dueAt }) => dueAt), ...agents.list().flatMap((agent) => wakeTime(agent) ?? [])];
      const earliest = due.reduce((a, b) => Math.min(a, b), holds.earliest());
      return earliest === Infinity ? null : earliest;
    },

    agents,
    holds,
    vips,
    getAgent: (agentId) => agents.get(agentId),
    putAgent(agent) {
      const before = agents.levels;
      agents.put(Object.freeze({ ...agent }), roomOf(agent, itemsOfAgent(agent.agentId)));
      if (agents.levels !== before) for (const item of waiting()) holds.split(classOf(item, before), classOf(item, agents.levels));
    },
    deleteAgent(agentId) {
      agents.delete(agentId);
      turns.delete(agentId);
    },
    listAgents: () => agents.list(),

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
