import { AppError } from "@star-graph/shared/errors";
import type { Profile, ProfileBody } from "@star-graph/shared/rest/users";
import { toWireTime } from "@star-graph/shared/wire-time";
import type { FileStore } from "../files/receive-upload.ts";
import { CONTENT_TYPES, EXTENSIONS } from "../files/inspect.ts";
import type { Picture } from "../inputs/judge-picture.ts";
import { contentOfPicture } from "../moderation/classifier.ts";
import type { Moderation } from "../moderation/moderate.ts";
import { avatarUrl, type FileUrl } from "./avatar-url.ts";
import { readAvatar, type ReadAvatarDeps } from "./read-avatar.ts";
import type { ProfileRow, UserStore } from "./store.ts";

export interface ShowProfileDeps extends Pick<UserStore, "findProfile"> {
  fileUrl: FileUrl;
}

export interface UpdateProfileDeps extends ShowProfileDeps, ReadAvatarDeps, Pick<UserStore, "updateProfile">, Pick<Moderation, "moderate"> {
  files: Pick<FileStore, "put" | "removeAll">;
  randomBytes(length: number): Uint8Array;
}

/** Spec 4.1. */
export async function showProfile(deps: ShowProfileDeps, userId: number): Promise<Profile> {
  return toProfile(await rowOf(deps, userId), deps.fileUrl);
}

/**
 * Changes what is given (spec 4.2), and answers the profile as it is then.
 * @throws {AppError} `BAD_REQUEST`, `UNSUPPORTED_IMAGE`, `FILE_TOO_LARGE`, `SENSITIVE_CONTENT` for the picture; nothing is changed then.
 */
export async function updateProfile(deps: UpdateProfileDeps, userId: number, body: ProfileBody, now: number): Promise<Profile> {
  const before = await rowOf(deps, userId);
  const { avatar: given, ...fields } = body;
  const avatar = given === undefined ? before.avatar : await keepAvatar(deps, userId, given, before.avatar);
  await deps.updateProfile(userId, { ...fields, avatar }, now);
  if (before.avatar !== null && before.avatar !== avatar) await deps.files.removeAll(folderOf(before.avatar));
  return toProfile(await rowOf(deps, userId), deps.fileUrl);
}

/** Stores a new picture that may be shown to everybody. @returns its key; null for the default one. */
async function keepAvatar(deps: UpdateProfileDeps, userId: number, given: string | null, current: string | null): Promise<string | null> {
  const read = await readAvatar(deps, userId, given, current);
  if (read.kind !== "new") return read.kind === "default" ? null : current;
  await deps.moderate(contentOfPicture(read.picture));
  return storeAvatar(deps, read.picture);
}

/** Under a key that is never used again: what a browser or a CDN holds of the old one is never taken for the new. */
async function storeAvatar(deps: UpdateProfileDeps, { bytes, format, width, height }: Picture): Promise<string> {
  const key = `avatars/${Buffer.from(deps.randomBytes(16)).toString("hex")}/avatar.${EXTENSIONS[format]}`;
  await deps.files.put(key, new Blob([bytes]).stream(), {
    size: bytes.length,
    sha256: Buffer.from(await crypto.subtle.digest("SHA-256", bytes)).toString("hex"),
    contentType: CONTENT_TYPES[format],
    custom: { format, width: String(width), height: String(height) },
  });
  return key;
}

const folderOf = (key: string): string => key.slice(0, key.lastIndexOf("/") + 1);

async function rowOf(deps: ShowProfileDeps, userId: number): Promise<ProfileRow> {
  const row = await deps.findProfile(userId);
  if (!row) throw new AppError("NOT_FOUND");
  return row;
}

function toProfile(row: ProfileRow, fileUrl: FileUrl): Profile {
  const { id, username, nickname, email, phone, avatar, balance, vipLevel, vipExpireTime, createTime, updateTime } = row;
  return {
    id,
    username,
    nickname,
    email,
    phone,
    avatar: avatarUrl(avatar, fileUrl),
    balance,
    vipLevel,
    vipExpireTime: vipExpireTime === null ? null : toWireTime(vipExpireTime),
    createTime: toWireTime(createTime),
    updateTime: toWireTime(updateTime),
  };
}
