import type { QueueClock } from "./clock.ts";
import { canServe } from "./matching.ts";
import { byAge, byShare, type DispatchStore, type Front, type WaitingLine } from "./store.ts";
import type { AgentRecord } from "./types.ts";

/** A task that waited so long is old: every so many starts, the oldest goes first whoever's it is. */
export const OLD_MS = 10 * 60_000;
const OLD_EVERY = 8;

const least = (fronts: (Front | null)[], order: (a: Front, b: Front) => number): Front | null =>
  fronts.reduce((best, front) => (best === null || (front !== null && order(front, best) < 0) ? front : best), null);

/** Whose task an agent with room gets; null when nothing waits that it may run. */
export function nextFor(store: DispatchStore, agent: AgentRecord, clock: QueueClock): Front | null {
  const lines = store.waitingLines().filter((line) => canServe(agent.models, line));
  if (lines.length === 0) return null;
  const own = ownFront(store, agent);
  if (agent.ownTasks === "only" || (agent.ownTasks === "first" && own)) return own;
  return oldest(store, lines, clock) ?? least([own, ...lines.map((line) => store.nextByShare(line))], byShare);
}

/** The owner's own place: on their own box a user's cap does not count. */
function ownFront(store: DispatchStore, { ownerId, models }: AgentRecord): Front | null {
  if (ownerId === undefined) return null;
  return least(
    store.frontsOf(ownerId).filter(({ line }) => canServe(models, line)),
    byAge,
  );
}

function oldest(store: DispatchStore, lines: WaitingLine[], { now }: QueueClock): Front | null {
  if (store.nextTurn() % OLD_EVERY !== 0) return null;
  const front = least(
    lines.map((line) => store.nextByAge(line)),
    byAge,
  );
  const task = front && store.firstWaiting(front.line, front.userId);
  return task && now - task.createTime >= OLD_MS ? front : null;
}
