export type FileUrl = (key: string) => string;

/** Served without being stored; see `edge/src/files/routes.ts`. */
export const DEFAULT_AVATAR_KEY = "avatars/default.png";

/** What a user's picture is called outside: everybody has one (spec 2.1, 4.1). */
export function avatarUrl(key: string | null, fileUrl: FileUrl): string {
  return fileUrl(key ?? DEFAULT_AVATAR_KEY);
}
