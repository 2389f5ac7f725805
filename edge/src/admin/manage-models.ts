import { AppError } from "@star-graph/shared/errors";
import { type Page, toPage } from "@star-graph/shared/page";
import type { AdminModel, ModelChange, ModelQuery, NewModel } from "@star-graph/shared/rest/admin/models";
import { TaskType } from "@star-graph/shared/task";
import { toWireTime } from "@star-graph/shared/wire-time";
import type { Actor } from "../audit/audit-entry.ts";
import type { AdminModelRow, AdminModelStore, ModelFields, ReportedModel } from "./model-store.ts";

const typesIn = (names: readonly string[]): TaskType[] => TaskType.options.filter((type) => names.includes(type));

function toAdminModel(row: AdminModelRow, agents: number): AdminModel {
  return {
    name: row.name,
    status: row.enabled ? "enabled" : "disabled",
    types: typesIn(row.types),
    price: row.priceCredits,
    limits: row.limits,
    memoryBytes: row.memoryBytes,
    agents,
    createTime: toWireTime(row.createTime),
  };
}

/** Reported and in no table: not offered to anybody until an administrator gives it a price. */
const toUnpriced = ({ name, types, agents }: ReportedModel): AdminModel => ({
  name,
  status: "unpriced",
  types: typesIn(types),
  price: null,
  limits: {},
  memoryBytes: null,
  agents,
  createTime: null,
});

export async function listAllModels(
  deps: Pick<AdminModelStore, "allModels" | "reportedModels">,
  query: ModelQuery,
): Promise<Page<AdminModel>> {
  const [rows, reported] = await Promise.all([deps.allModels(), deps.reportedModels()]);
  const agentsOf = new Map(reported.map(({ name, agents }) => [name, agents]));
  const known = new Set(rows.map((row) => row.name));
  const all = [
    ...rows.map((row) => toAdminModel(row, agentsOf.get(row.name) ?? 0)),
    ...reported.filter(({ name }) => !known.has(name)).map(toUnpriced),
  ];
  const found = all.filter(({ status }) => query.status === undefined || status === query.status).toSorted((a, b) => compare(query, a, b));
  const from = (query.page - 1) * query.pageSize;
  return toPage(found.slice(from, from + query.pageSize), found.length, query);
}

/** Unpriced models come first; the name breaks ties, it is the model's own. */
function compare({ sort, order }: ModelQuery, a: AdminModel, b: AdminModel): number {
  const direction = order === "asc" ? 1 : -1;
  const key = (model: AdminModel): number | string => {
    if (sort === "price") return model.price ?? -1;
    return sort === "createTime" ? (model.createTime ?? "") : model.name;
  };
  const [left, right] = [key(a), key(b)];
  if (left !== right) return left < right ? -direction : direction;
  return a.name < b.name ? -direction : direction;
}

async function agentsWith(deps: Pick<AdminModelStore, "reportedModels">, name: string): Promise<number> {
  return (await deps.reportedModels()).find((reported) => reported.name === name)?.agents ?? 0;
}

/** @throws {AppError} `BAD_REQUEST` when there is a model of that name. */
export async function createModel(
  deps: Pick<AdminModelStore, "addModel" | "reportedModels">,
  body: NewModel,
  actor: Actor,
): Promise<AdminModel> {
  const { name, types, price, limits, memoryBytes, enabled } = body;
  const row = { name, types, priceCredits: price, limits, memoryBytes, enabled, createTime: actor.now };
  const after = { types, price, limits, memoryBytes, enabled };
  if (!(await deps.addModel(row, { ...actor, action: "model.create", target: `model:${name}`, before: null, after }))) {
    const message = "there is a model of that name";
    throw new AppError("BAD_REQUEST", {
      text: { zh: "请求参数错误：name: 模型已存在", en: `The request is not valid: name: ${message}` },
      issues: [{ path: "name", message }],
    });
  }
  return toAdminModel(row, await agentsWith(deps, name));
}

/** Changes price, types, limits, memory, or whether it may be asked for at all. Tasks keep the price they were submitted at. @throws {AppError} `NOT_FOUND` */
export async function changeModel(
  deps: Pick<AdminModelStore, "findAnyModel" | "changeModel" | "reportedModels">,
  name: string,
  { types, price, limits, memoryBytes, enabled }: ModelChange,
  actor: Actor,
): Promise<AdminModel> {
  const row = await deps.findAnyModel(name);
  if (!row) throw new AppError("NOT_FOUND");
  const fields: ModelFields = {
    ...(types !== undefined && { types }),
    ...(price !== undefined && { priceCredits: price }),
    ...(limits !== undefined && { limits }),
    ...(memoryBytes !== undefined && { memoryBytes }),
    ...(enabled !== undefined && { enabled }),
  };
  await deps.changeModel(name, fields, { ...actor, action: "model.update", target: `model:${name}`, before: null, after: fields });
  return toAdminModel((await deps.findAnyModel(name)) ?? { ...row, ...fields }, await agentsWith(deps, name));
}
