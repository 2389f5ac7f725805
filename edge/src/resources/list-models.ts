import { type Page, toPage } from "@star-graph/shared/page";
import type { RunnableModel, RunnableModelQuery } from "@star-graph/shared/rest/resources";
import { TaskType } from "@star-graph/shared/task";
import type { AgentView } from "../dispatch/views/fleet-view.ts";
import type { ModelRow, ResourceStore } from "./store.ts";

export interface ListModelsDeps extends Pick<ResourceStore, "enabledModels"> {
  poolsOf(userId: number): Promise<string[]>;
  fleet(pools: string[]): Promise<{ pool: string; agents: AgentView[] }[]>;
}

/** Models that can be run now for this user: by the public pool, and by boxes of their own. */
export async function listModels(deps: ListModelsDeps, userId: number, query: RunnableModelQuery): Promise<Page<RunnableModel>> {
  const [rows, pools] = await Promise.all([deps.enabledModels(), deps.poolsOf(userId).then((names) => deps.fleet(names))]);
  const online = pools.flatMap(({ agents }) => agents).filter(takesWork);
  const found = rows
    .map((row) => ({ row, model: toRunnable(row, online) }))
    .filter(({ model }) => query.all === "true" || model.agentsOnline > 0)
    .filter(({ model }) => query.type === undefined || (query.all === "true" ? model.types : model.typesOnline).includes(query.type))
    .toSorted((a, b) => compare(query, a, b));
  const from = (query.page - 1) * query.pageSize;
  return toPage(
    found.slice(from, from + query.pageSize).map(({ model }) => model),
    found.length,
    query,
  );
}

const takesWork = ({ state }: AgentView): boolean =>
  state !== "offline" && state !== "paused" && state !== "draining" && state !== "quarantined";

function toRunnable(row: ModelRow, online: AgentView[]): RunnableModel {
  const types = TaskType.options.filter((type) => row.types.includes(type));
  const offers = online.flatMap((agent) => {
    const offered = agent.models.filter(
      (model) =>
        model.name === row.name &&
        model.types.some((type) => types.includes(type)) &&
        (row.memoryBytes ?? 0) <= (model.memoryBytes ?? Infinity),
    );
    return offered.length > 0 ? [offered] : [];
  });
  const all = offers.flat();
  return {
    name: row.name,
    types,
    typesOnline: types.filter((type) => all.some((model) => model.types.includes(type))),
    limits: row.limits,
    memoryBytes: row.memoryBytes,
    price: row.priceCredits,
    agentsOnline: offers.length,
    servedAs: [...new Set(all.flatMap(({ servedAs }) => servedAs ?? []))].toSorted(),
  };
}

type Found = { row: ModelRow; model: RunnableModel };

/** The name breaks ties: it is the model's own. */
function compare({ sort, order }: RunnableModelQuery, a: Found, b: Found): number {
  const direction = order === "asc" ? 1 : -1;
  const byName = a.row.name < b.row.name ? -1 : a.row.name > b.row.name ? 1 : 0;
  const numberOf = ({ row, model }: Found): number => {
    if (sort === "price") return model.price;
    if (sort === "agentsOnline") return model.agentsOnline;
    return sort === "createTime" ? row.createTime : 0;
  };
  return direction * (numberOf(a) - numberOf(b) || byName);
}
