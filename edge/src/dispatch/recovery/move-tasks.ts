import { log } from "../../http/log.ts";
import type { History, LivePage } from "../duties/history.ts";
import type { QueueClock } from "../queue/clock.ts";
import type { LeftTasks } from "../queue/left-tasks.ts";
import { canRun } from "../queue/matching.ts";
import { dispatcherName, isSameShard, type Shard } from "../shards/pools.ts";
import { rankShards, type ShardSummary, summarise } from "../shards/shard-summary.ts";
import type { DispatchStore } from "../queue/store.ts";
import { onTaskMissed, onTaskStays } from "../queue/task-events.ts";
import type { Effect, TaskToQueue } from "../queue/types.ts";

export interface MoveTasksDeps {
  store: DispatchStore;
  history: Pick<History, "findLive" | "findTask" | "moveTask">;
  left: LeftTasks;
  clock: () => QueueClock;
  apply: (effects: Effect[]) => void;
  /** Whether something about the task is still on its way to D1. */
  hasDuties: (taskId: string) => boolean;
  /** Hands it to the other shard, which takes it though it may have left from there. May fail: that shard's sweep takes it up. */
  enqueueAt: (shard: Shard, task: TaskToQueue) => Promise<void>;
}

/** Where the waiting tasks of a shard may go. */
export interface Destinations {
  targets: ShardSummary[];
  /** Nobody will serve this shard any more: all go, whether or not there is an agent for them. */
  isClosed: boolean;
}

/** Tasks that one sweep moves; the next one takes the rest. */
const MOVES_PER_SWEEP = 500;

/**
 * Hands waiting tasks that no agent here can run to a shard with one that can. A task moves by a compare-and-set of its shard in
 * D1, and only while it waits: a leased one never does. Cut off at any point, the task is found by the sweep of the shard that D1 says.
 * Only who cancels one while the object dies over its move, or before the sweep finds one that could not be handed over, and whose word
 * is lost as well, is not told: the task's detail says it.
 * @returns how many were moved
 */
export async function moveTasks(deps: MoveTasksDeps, from: Shard, { targets, isClosed }: Destinations, now: number): Promise<number> {
  if (targets.length === 0) return 0;
  const canBeRunBy = ({ offers }: Pick<ShardSummary, "offers">, task: TaskToQueue) => offers.some(({ agent }) => canRun(agent, task));
  const here = isClosed ? { offers: [] } : summarise(deps.store, from, now);
  let moved = 0;
  for (let after: LivePage["next"] = { createTime: 0, taskId: "" }; after && moved < MOVES_PER_SWEEP;) {
    const page: LivePage = await deps.history.findLive(from, now, after, MOVES_PER_SWEEP);
    for (const { task, attempt } of page.tasks) {
      if (attempt || canBeRunBy(here, task)) continue;
      const [to] = rankShards(targets, task);
      const isServed = targets.some((target) => canBeRunBy(target, task));
      if (!to || !(isServed || isClosed)) continue;
      const outcome = await moveTask(deps, task, from, to);
      if (outcome === "moved") moved++;
      // D1 is away: the next sweep moves the rest, and what follows in this one needs no D1.
      if (outcome === "unknown") return moved;
    }
    after = page.next;
  }
  return moved;
}

async function moveTask(
  { store, history, left, apply, clock, hasDuties, enqueueAt }: MoveTasksDeps,
  found: TaskToQueue,
  from: Shard,
  to: Shard,
): Promise<"moved" | "stays" | "unknown"> {
  const { taskId } = found;
  const item = store.getItem(taskId);
  if ((item && item.state !== "waiting") || hasDuties(taskId)) return "stays";
  // Off this list before D1 says so, or it could be offered here and there at a time.
  if (item) store.deleteItem(taskId);
  left.add(taskId, clock().now);
  let isMoved = await history.moveTask(taskId, from, to).catch((error: unknown) => {
    log("warn", "task not moved", { taskId, error: String(error) });
    return null;
  });
  if (isMoved !== true) {
    const row = await history.findTask(taskId).catch(() => undefined);
    isMoved ??= row ? isSameShard(row, to) : false;
    // Back in its place only when D1 says that it is still here: on two lists it would be offered twice.
    if (item && row?.status === "PENDING" && isSameShard(row, from)) apply(onTaskStays(store, item, clock()));
    // It may have been cancelled without a word, and is on no list any more that would show it.
    else if (item && !isMoved) apply(onTaskMissed(taskId, clock()));
    if (row === undefined) {
      left.forget(taskId);
      return "unknown";
    }
  }
  if (!isMoved) {
    left.forget(taskId);
    return "stays";
  }
  log("info", "task moved", { taskId, from: dispatcherName(from), to: dispatcherName(to) });
  try {
    await enqueueAt(to, found);
  } catch (error) {
    log("warn", "moved task not handed over, left to the sweep", { taskId, error: String(error) });
  }
  return "moved";
}
