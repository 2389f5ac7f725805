import { z } from "zod";
import { ModelLimits } from "../../model-limits.ts";
import { PageQuery, pageOf } from "../../page.ts";
import { TaskType } from "../../task.ts";
import { WireTime } from "../../wire-time.ts";

/** `/api/v1/admin/models`. */

export const ModelParam = z.object({ modelName: z.string().min(1).max(128) });
const Types = z
  .array(TaskType)
  .min(1)
  .max(TaskType.options.length)
  .refine((types) => new Set(types).size === types.length, "no type twice");
const Memory = z
  .int()
  .min(1)
  .max(2 ** 50)
  .nullable()
  .describe("bytes of a GPU's memory that it needs: smaller GPUs are not offered its tasks; null: no matter");
const Price = z.int().min(0).max(1_000_000).describe("credits for the reference work");

export const NewModel = z.object({
  name: z.string().trim().min(1).max(128),
  types: Types,
  price: Price,
  limits: ModelLimits.default({}),
  memoryBytes: Memory.default(null),
  enabled: z.boolean().default(true),
});
export type NewModel = z.infer<typeof NewModel>;
export const ModelChange = NewModel.omit({ name: true })
  .extend({ limits: ModelLimits, memoryBytes: Memory, enabled: z.boolean() })
  .partial()
  .refine((change) => Object.keys(change).length > 0, "nothing to change");
export type ModelChange = z.infer<typeof ModelChange>;

export const ModelQuery = PageQuery.extend({
  order: z.enum(["asc", "desc"]).default("asc"),
  sort: z.enum(["name", "price", "createTime"]).default("name"),
  status: z.enum(["enabled", "disabled", "unpriced"]).optional(),
});
export type ModelQuery = z.infer<typeof ModelQuery>;

export const AdminModel = z.object({
  name: z.string(),
  status: z.enum(["enabled", "disabled", "unpriced"]).describe("unpriced: an agent reports it, and nobody has given it a price"),
  types: z.array(TaskType),
  price: z.int().nullable(),
  limits: ModelLimits,
  memoryBytes: z.int().nullable().describe("GPU memory that it needs; null: no matter"),
  agents: z.int().describe("agents that have reported it"),
  createTime: WireTime.nullable(),
});
export type AdminModel = z.infer<typeof AdminModel>;
export const AdminModelPage = pageOf(AdminModel);
