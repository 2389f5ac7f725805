import { DEFAULTS } from "@star-graph/shared/defaults";
import { contentOfPicture } from "../moderation/classifier.ts";
import type { Moderation } from "../moderation/moderate.ts";
import { judgePicture, type Picture } from "./judge-picture.ts";
import type { TaskPicture } from "./read-picture.ts";
import type { InputRow, InputStore } from "./store.ts";

export interface StoreInputDeps extends Pick<InputStore, "addInput" | "keepInputUntil" | "removeInput"> {
  randomBytes(length: number): Uint8Array;
}

/**
 * Stores a picture to be used again in tasks: private, until it expires. It is moderated now, as tasks that use it do not
 * do so again.
 * @param field what of the request it was, named in a refusal.
 * @throws {AppError} `UNSUPPORTED_IMAGE`, `FILE_TOO_LARGE`, `SENSITIVE_CONTENT`; nothing is stored then.
 */
export async function storeInput(
  deps: Pick<StoreInputDeps, "addInput" | "randomBytes"> & Pick<Moderation, "moderate">,
  userId: number,
  bytes: Uint8Array<ArrayBuffer>,
  now: number,
  field = "file",
): Promise<InputRow> {
  const picture = judgePicture(bytes, field);
  await deps.moderate(contentOfPicture(picture));
  return add(deps, userId, picture, true, now);
}

/** Makes sure that a task's picture is stored for as long as the task may be repeated. */
export async function keepPicture(
  deps: StoreInputDeps,
  userId: number,
  picture: TaskPicture,
  now: number,
): Promise<{ id: string; isNew: boolean }> {
  if (picture.kind === "new") return { id: (await add(deps, userId, picture.picture, false, now)).id, isNew: true };
  await deps.keepInputUntil(picture.input.id, now + DEFAULTS.retentionMs);
  return { id: picture.input.id, isNew: false };
}

async function add(
  deps: Pick<StoreInputDeps, "addInput" | "randomBytes">,
  userId: number,
  { bytes, format, width, height }: Picture,
  uploaded: boolean,
  now: number,
): Promise<InputRow> {
  const id = Buffer.from(deps.randomBytes(16)).toString("hex");
  const row: InputRow = {
    id,
    userId,
    fileKey: `inputs/${id}.${format === "PNG" ? "png" : "jpg"}`,
    uploaded,
    sha256: Buffer.from(await crypto.subtle.digest("SHA-256", bytes)).toString("hex"),
    sizeBytes: bytes.length,
    width,
    height,
    format,
    createTime: now,
    expireTime: now + DEFAULTS.retentionMs,
    deleteTime: null,
  };
  await deps.addInput(row, bytes);
  return row;
}
