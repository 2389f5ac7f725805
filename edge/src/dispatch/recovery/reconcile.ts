import type { FoundTask, History, LivePage } from "../duties/history.ts";
import type { Shard } from "../shards/pools.ts";
import type { DispatchStore } from "../queue/store.ts";

/** Live tasks that are compared at a time. */
const BATCH = 500;
/** D1 binds at most 100 values in a query. */
const IDS_PER_QUERY = 90;

/** What the work list lacks. */
export interface Forgotten {
  tasks: FoundTask[];
  /** Those among them that this version cannot read. */
  unreadable: string[];
}

/** Live tasks of D1 that the work list lacks. */
export async function findForgotten(
  history: Pick<History, "findLive">,
  store: DispatchStore,
  shard: Shard,
  createdBefore: number,
): Promise<Forgotten> {
  const forgotten: Forgotten = { tasks: [], unreadable: [] };
  for (let after: LivePage["next"] = { createTime: 0, taskId: "" }; after;) {
    const page: LivePage = await history.findLive(shard, createdBefore, after, BATCH);
    forgotten.tasks.push(...page.tasks.filter(({ task }) => !store.getItem(task.taskId)));
    forgotten.unreadable.push(...page.unreadable.filter((taskId) => !store.getItem(taskId)));
    after = page.next;
  }
  return forgotten;
}

/** Tasks that run here though D1 says that they have ended: a cancel that the Worker could not pass on. */
export async function findEnded(history: Pick<History, "findEnded">, store: DispatchStore): Promise<string[]> {
  const atAgents = store.listAgents().flatMap((agent) => store.itemsOfAgent(agent.agentId));
  const running = atAgents.filter((item) => item.state === "running").map((item) => item.taskId);
  const ended: string[] = [];
  for (let i = 0; i < running.length; i += IDS_PER_QUERY) ended.push(...(await history.findEnded(running.slice(i, i + IDS_PER_QUERY))));
  return ended;
}
