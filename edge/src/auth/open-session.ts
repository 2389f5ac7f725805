import type { LoginAnswer } from "@star-graph/shared/rest/auth";
import { avatarUrl, type FileUrl } from "../users/avatar-url.ts";
import type { AuthStore, UserRow } from "./store.ts";
import { ACCESS_TOKEN_SECONDS, issueToken, REFRESH_TOKEN_SECONDS } from "./token.ts";

/** Who is at the other end, as far as it shows. */
export interface Client {
  address: string;
  userAgent: string | null;
}

export interface OpenSessionDeps extends Pick<AuthStore, "createSession"> {
  tokenSecret: string;
  fileUrl: FileUrl;
}

const MAX_USER_AGENT = 256;

/** A session on record and its two tokens (spec 2.1). */
export async function openSession(deps: OpenSessionDeps, user: UserRow, client: Client, now: number): Promise<LoginAnswer> {
  const session = { id: crypto.randomUUID(), userId: user.id, createTime: now, expireTime: now + REFRESH_TOKEN_SECONDS * 1000 };
  await deps.createSession({ ...session, address: client.address, userAgent: client.userAgent?.slice(0, MAX_USER_AGENT) ?? null });
  const claims = { userId: user.id, sessionId: session.id };
  const { id, username, nickname, avatar, role } = user;
  return {
    token: await issueToken(deps.tokenSecret, { ...claims, use: "access" }, now),
    refreshToken: await issueToken(deps.tokenSecret, { ...claims, use: "refresh" }, now),
    expiresIn: ACCESS_TOKEN_SECONDS,
    user: { id, username, nickname, avatar: avatarUrl(avatar, deps.fileUrl), role },
  };
}
