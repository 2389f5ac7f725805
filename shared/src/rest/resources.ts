import { z } from "zod";
import { ModelLimits } from "../model-limits.ts";
import { PageQuery, pageOf } from "../page.ts";
import { ResultFormat, TaskType } from "../task.ts";
import { WireTime } from "../wire-time.ts";

/** `/api/v1/resources/*` (spec 1.3, decisions "What the document names and leaves open"). */

export const RunnableModelQuery = PageQuery.extend({
  order: z.enum(["asc", "desc"]).default("asc"),
  sort: z.enum(["name", "price", "agentsOnline", "createTime"]).default("name"),
  type: TaskType.optional(),
  all: z.enum(["true", "false"]).default("false").describe("also models that nobody can run now"),
});
export type RunnableModelQuery = z.infer<typeof RunnableModelQuery>;

export const RunnableModel = z.object({
  name: z.string().describe("for `modelName`, `model` when upscaling"),
  types: z.array(TaskType).describe("what it can be asked for"),
  typesOnline: z.array(TaskType).describe("what somebody can run now"),
  limits: ModelLimits,
  memoryBytes: z.int().nullable().describe("GPU memory that an agent has to have for it; null: no matter"),
  price: z.int().describe("credits for the reference work: 1024×1024 and 30 steps, or a video of 512×512, 32 frames and 25 steps"),
  agentsOnline: z.int().describe("agents that can run it for you"),
  servedAs: z.array(z.string()).describe("models that stand in for it on some of these agents"),
});
export type RunnableModel = z.infer<typeof RunnableModel>;
export const RunnableModelPage = pageOf(RunnableModel);

export const NameQuery = PageQuery.extend({
  order: z.enum(["asc", "desc"]).default("asc"),
  sort: z.enum(["name"]).optional().describe("left out: the usual order, the default one first"),
});
export type NameQuery = z.infer<typeof NameQuery>;
export const NamePage = pageOf(z.object({ name: z.string(), isDefault: z.boolean() }));

export const FileQuery = PageQuery.extend({ sort: z.enum(["createTime", "size"]).default("createTime") });
export type FileQuery = z.infer<typeof FileQuery>;

/** How a stored picture came: uploaded to be used again, or sent with a task, in base64 or by its address. */
export const UploadKind = z.enum(["UPLOAD", "TASK"]);

export const UploadQuery = FileQuery.extend({ kind: UploadKind.optional() });
export type UploadQuery = z.infer<typeof UploadQuery>;

export const UploadParam = z.object({ uploadId: z.string().min(1).max(64) });

export const UploadItem = z.object({
  id: z.string(),
  kind: UploadKind.describe("uploaded to be used again, or sent with a task in base64 or by its address"),
  url: z.string().describe("usable as `imageUrl`, `poseImageUrl` or `avatar`, by you alone"),
  width: z.int(),
  height: z.int(),
  size: z.int().describe("bytes"),
  format: z.enum(["PNG", "JPEG"]),
  createTime: WireTime,
  expireTime: WireTime,
});
export type UploadItem = z.infer<typeof UploadItem>;
export const UploadPage = pageOf(UploadItem);

/** `<task id>.<position>`. */
export const ResultParam = z.object({ resultId: z.string().regex(/^[A-Za-z0-9_]{1,64}\.\d{1,3}$/) });

export const ResultItem = z.object({
  id: z.string(),
  taskId: z.string(),
  type: TaskType,
  url: z.string(),
  thumbnailUrl: z.string(),
  width: z.int(),
  height: z.int(),
  size: z.int().describe("bytes"),
  format: ResultFormat,
  createTime: WireTime,
  expireTime: WireTime.describe("it is kept at least until then"),
});
export type ResultItem = z.infer<typeof ResultItem>;
export const ResultPage = pageOf(ResultItem);

export const DeletedFile = z.object({ id: z.string(), size: z.int().describe("bytes set free") });
export type DeletedFile = z.infer<typeof DeletedFile>;
