import type { FleetFigures, QueueFigures } from "@star-graph/shared/rest/admin/figures";
import { AgentState } from "@star-graph/shared/rest/agents";
import type { AgentRegisterStore } from "../agents/register-store.ts";
import type { AgentView, QueueFigures as PoolQueue } from "../dispatch/views/fleet-view.ts";
import { PUBLIC_POOL } from "../dispatch/shards/pools.ts";

/** Pools that one look asks: each is a call to its own object. */
const MAX_POOLS = 200;

export interface FiguresDeps extends Pick<AgentRegisterStore, "listPools"> {
  /** Pools with tasks that have not ended. */
  busyPools(): Promise<string[]>;
  queues(pools: string[]): Promise<{ pool: string; queue: PoolQueue }[]>;
  fleet(pools: string[]): Promise<{ pool: string; agents: AgentView[] }[]>;
}

/** The public pool first, then those that come with a reason to look at them. */
function choose(pools: string[]): { asked: string[]; leftOut: number } {
  const all = [...new Set([PUBLIC_POOL, ...pools])];
  return { asked: all.slice(0, MAX_POOLS), leftOut: Math.max(0, all.length - MAX_POOLS) };
}

/** What waits and runs, line by line, longest wait first. */
export async function readQueue(deps: Pick<FiguresDeps, "busyPools" | "queues">, now: number): Promise<QueueFigures> {
  const { asked, leftOut } = choose(await deps.busyPools());
  const queues = await deps.queues(asked);
  const lines = queues
    .flatMap(({ pool, queue }) =>
      queue.lines.map(({ oldestSince, ...line }) => {
        return { pool, ...line, oldestWaitSeconds: Math.max(0, Math.round((now - oldestSince) / 1000)) };
      }),
    )
    .toSorted((a, b) => b.oldestWaitSeconds - a.oldestWaitSeconds);
  return {
    waiting: queues.reduce((sum, { queue }) => sum + queue.waiting, 0),
    running: queues.reduce((sum, { queue }) => sum + queue.running, 0),
    oldestWaitSeconds: lines[0]?.oldestWaitSeconds ?? null,
    lines,
    unrecorded: {
      failing: queues.reduce((sum, { queue }) => sum + queue.duties.failing, 0),
      givenUp: queues.reduce((sum, { queue }) => sum + queue.duties.givenUp, 0),
    },
    poolsLeftOut: leftOut,
  };
}

/** How many agents there are, in which state, and what they offer. */
export async function readFleet(deps: Pick<FiguresDeps, "listPools" | "fleet">): Promise<FleetFigures> {
  const { asked, leftOut } = choose(await deps.listPools());
  const agents = (await deps.fleet(asked)).flatMap((pool) => pool.agents);
  const online = agents.filter((agent) => agent.state !== "offline");
  const offering = new Map<string, number>();
  for (const { models } of online) {
    for (const name of new Set(models.map((model) => model.name))) offering.set(name, (offering.get(name) ?? 0) + 1);
  }
  const byState = AgentState.options.map((state) => [state, agents.filter((agent) => agent.state === state).length] as const);
  return {
    agents: agents.length,
    byState: Object.fromEntries(byState) as FleetFigures["byState"],
    slots: online.reduce((sum, agent) => sum + agent.slots, 0),
    running: agents.reduce((sum, agent) => sum + agent.running, 0),
    models: [...offering].map(([name, count]) => ({ name, agents: count })).toSorted((a, b) => (a.name < b.name ? -1 : 1)),
    poolsLeftOut: leftOut,
  };
}
