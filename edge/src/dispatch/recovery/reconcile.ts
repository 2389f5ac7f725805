import type { FoundTask, History, LivePage } from "../duties/history.ts";
import type { Shard } from "../shards/pools.ts";
import { isRestated } from "../queue/restated-task.ts";
import type { DispatchStore } from "../queue/store.ts";
import type { TaskToQueue } from "../queue/types.ts";

/** Live tasks that are compared at a time. */
const BATCH = 500;
/** D1 binds at most 100 values in a query. */
const IDS_PER_QUERY = 90;

/** Where the work list and D1 differ. */
export interface Difference {
  /** Live tasks of D1 that the list lacks. */
  forgotten: FoundTask[];
  /** Those among them that this version cannot read. */
  unreadable: string[];
  /** Those that the list has, of which it says other things now. */
  restated: TaskToQueue[];
  /** Tasks that wait on the list and are not live in D1, not there at least. */
  over: string[];
}

/** Compares all live tasks of D1 that were created before that time. What it says may be old when it is used. */
export async function compare(
  history: Pick<History, "findLive">,
  store: DispatchStore,
  shard: Shard,
  createdBefore: number,
): Promise<Difference> {
  const found: Difference = { forgotten: [], unreadable: [], restated: [], over: [] };
  const live = new Set<string>();
  for (let after: LivePage["next"] = { createTime: 0, taskId: "" }; after;) {
    const page: LivePage = await history.findLive(shard, createdBefore, after, BATCH);
    found.forgotten.push(...page.tasks.filter(({ task }) => !store.getItem(task.taskId)));
    found.unreadable.push(...page.unreadable.filter((taskId) => !store.getItem(taskId)));
    found.restated.push(...page.tasks.flatMap(({ task }) => (isRestated(store, task) ? task : [])));
    for (const { task } of page.tasks) live.add(task.taskId);
    for (const taskId of page.unreadable) live.add(taskId);
    after = page.next;
  }
  const waiting = store.waitingIds(Number.MAX_SAFE_INTEGER).filter((taskId) => !live.has(taskId));
  found.over = waiting.filter((taskId) => (store.getItem(taskId)?.createTime ?? Infinity) < createdBefore);
  return found;
}

/** Those among tasks of the list that D1 says have ended. */
export async function endedAmong(history: Pick<History, "findEnded">, taskIds: readonly string[]): Promise<string[]> {
  const ended: string[] = [];
  for (let i = 0; i < taskIds.length; i += IDS_PER_QUERY) ended.push(...(await history.findEnded(taskIds.slice(i, i + IDS_PER_QUERY))));
  return ended;
}

/** What a Dispatcher asks D1 about by itself: all that runs, and as much of what waits as fits into one query. */
export function toAskFor(store: DispatchStore): string[] {
  const atAgents = store.listAgents().flatMap((agent) => store.itemsOfAgent(agent.agentId));
  return [...atAgents.filter((item) => item.state === "running").map((item) => item.taskId), ...store.waitingIds(IDS_PER_QUERY)];
}
