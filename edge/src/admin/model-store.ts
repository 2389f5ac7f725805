import type { ModelLimits } from "@star-graph/shared/model-limits";
import type { TaskType } from "@star-graph/shared/task";
import { eq, sql } from "drizzle-orm";
import { type Audited, auditEntry } from "../audit/audit-entry.ts";
import { jsonOf } from "../audit/json-of.ts";
import { databaseMessage, type Database } from "../db/client.ts";
import { agents, models } from "../db/schema.ts";

export interface ModelFields {
  types?: TaskType[];
  priceCredits?: number;
  limits?: ModelLimits;
  memoryBytes?: number | null;
  enabled?: boolean;
}

export type AdminModelRow = typeof models.$inferSelect;

/** A model as agents have reported it. */
export interface ReportedModel {
  name: string;
  types: string[];
  agents: number;
}

/** Models, prices and limits; every write with its audit line, in one batch. */
export interface AdminModelStore {
  /** There are few: all of them, in order of their names. */
  allModels(): Promise<AdminModelRow[]>;
  findAnyModel(name: string): Promise<AdminModelRow | null>;
  /** What every agent said in its newest hello, connected or not. */
  reportedModels(): Promise<ReportedModel[]>;
  /** @returns false when there is one of that name */
  addModel(model: AdminModelRow, audited: Audited): Promise<boolean>;
  /** @param audited its `before` is read in the same batch as the change is written */
  changeModel(name: string, fields: ModelFields, audited: Audited): Promise<void>;
}

export function createAdminModelStore(db: Database): AdminModelStore {
  return {
    async allModels() {
      return db.select().from(models).orderBy(models.name);
    },
    async findAnyModel(name) {
      return (await db.select().from(models).where(eq(models.name, name)).get()) ?? null;
    },
    async reportedModels() {
      const rows = await db.all<{ name: string; types: string; agents: number }>(sql`
        SELECT m.value ->> 'name' AS name, json_group_array(m.value -> 'types') AS types, count(DISTINCT ${agents.id}) AS agents
        FROM ${agents}, json_each(${agents.models}) m GROUP BY 1 ORDER BY 1`);
      return rows.map(({ types, ...row }) => ({ ...row, types: [...new Set(flatten(types))] }));
    },
    async addModel(model, audited) {
      try {
        await db.batch([db.insert(models).values(model), auditEntry(db, audited)]);
        return true;
      } catch (error) {
        if (databaseMessage(error).includes("UNIQUE constraint failed: models.name")) return false;
        throw error;
      }
    },
    async changeModel(name, fields, audited) {
      const changed = Object.fromEntries((Object.keys(fields) as (keyof ModelFields)[]).map((field) => [field, models[field]]));
      const before = sql`(SELECT ${jsonOf(changed)} FROM ${models} WHERE ${models.name} = ${name})`;
      await db.batch([auditEntry(db, audited, { before }), db.update(models).set(fields).where(eq(models.name, name))]);
    },
  };
}

/** Lists of types, some of them as texts of their own, as SQLite puts JSON into JSON. */
function flatten(json: string): string[] {
  const lists = JSON.parse(json) as (string | string[])[];
  return lists.flatMap((list) => (typeof list === "string" ? (JSON.parse(list) as string[]) : list));
}
