import { AppError } from "@star-graph/shared/errors";
import { type Page, toPage } from "@star-graph/shared/page";
import type { DeletedFile, FileQuery, ResultItem, UploadItem, UploadQuery } from "@star-graph/shared/rest/resources";
import { toWireTime } from "@star-graph/shared/wire-time";
import type { ResourceStore, ResultFileRow, UploadRow } from "./store.ts";

type FileUrl = (key: string) => string;

export function toUploadItem(row: UploadRow, fileUrl: FileUrl): UploadItem {
  return {
    id: row.id,
    kind: row.uploaded ? "UPLOAD" : "TASK",
    url: fileUrl(row.fileKey),
    width: row.width,
    height: row.height,
    size: row.sizeBytes,
    format: row.format,
    createTime: toWireTime(row.createTime),
    expireTime: toWireTime(row.expireTime),
  };
}

function toResultItem(row: ResultFileRow, fileUrl: FileUrl): ResultItem {
  return {
    id: `${row.taskId}.${row.position}`,
    taskId: row.taskId,
    type: row.type,
    url: fileUrl(row.fileKey),
    thumbnailUrl: fileUrl(row.thumbnailKey),
    width: row.width,
    height: row.height,
    size: row.sizeBytes,
    format: row.format,
    createTime: toWireTime(row.completeTime ?? 0),
    expireTime: toWireTime(row.expireTime),
  };
}

/** Every picture that the user has stored here, however it came. */
export async function listUploads(
  deps: Pick<ResourceStore, "listUploads"> & { fileUrl: FileUrl },
  userId: number,
  query: UploadQuery,
): Promise<Page<UploadItem>> {
  const { rows, total } = await deps.listUploads(userId, query);
  return toPage(
    rows.map((row) => toUploadItem(row, deps.fileUrl)),
    total,
    query,
  );
}

export async function listResults(
  deps: Pick<ResourceStore, "listResults"> & { fileUrl: FileUrl },
  userId: number,
  query: FileQuery,
): Promise<Page<ResultItem>> {
  const { rows, total } = await deps.listResults(userId, query);
  return toPage(
    rows.map((row) => toResultItem(row, deps.fileUrl)),
    total,
    query,
  );
}

export interface DeleteUploadDeps extends Pick<ResourceStore, "findUpload" | "isInputInUse"> {
  removeInput(id: string, now: number): Promise<void>;
}

/**
 * Deletes the bytes of an upload, or of a picture that came with a task, now. The task stays, and cannot be retried.
 * @throws {AppError} `NOT_FOUND` when it is absent, deleted or somebody else's; `BAD_REQUEST` while a task works on it.
 */
export async function deleteUpload(deps: DeleteUploadDeps, uploadId: string, userId: number, now: number): Promise<DeletedFile> {
  const upload = await deps.findUpload(uploadId, userId);
  if (!upload) throw new AppError("NOT_FOUND");
  if (await deps.isInputInUse(uploadId)) {
    throw new AppError("BAD_REQUEST", {
      text: { zh: "有未结束的任务正在使用该图片，请等待或取消任务", en: "A task that has not ended works on it: wait for it or cancel it" },
    });
  }
  await deps.removeInput(uploadId, now);
  return { id: uploadId, size: upload.sizeBytes };
}

/**
 * Deletes a result's file and thumbnail, now. Its task stays, without that file in its detail.
 * @param resultId `<task id>.<position>`
 * @throws {AppError} `NOT_FOUND` when it is absent, deleted or somebody else's.
 */
export async function deleteResult(
  deps: Pick<ResourceStore, "findResultFile" | "removeResults">,
  resultId: string,
  userId: number,
): Promise<DeletedFile> {
  const [taskId = "", position] = resultId.split(".");
  const file = await deps.findResultFile(taskId, Number(position), userId);
  if (!file) throw new AppError("NOT_FOUND");
  await deps.removeResults([file]);
  return { id: resultId, size: file.sizeBytes };
}
