import { AppError } from "@star-graph/shared/errors";
import { type Page, toPage } from "@star-graph/shared/page";
import type { SessionItem, SessionListQuery } from "@star-graph/shared/rest/auth";
import { toWireTime } from "@star-graph/shared/wire-time";
import type { AuthenticatedUser } from "./authenticate.ts";
import type { AuthStore } from "./store.ts";

export interface OwnSessionsDeps extends Pick<AuthStore, "listSessions" | "revokeSessions"> {
  endSockets(userId: number, sessionIds: string[]): Promise<void>;
}

export async function listOwnSessions(
  deps: OwnSessionsDeps,
  user: AuthenticatedUser,
  query: SessionListQuery,
  now: number,
): Promise<Page<SessionItem>> {
  const { rows, total } = await deps.listSessions(user.id, query, now);
  const items = rows.map(({ id, createTime, expireTime, address, userAgent }) => ({
    id,
    current: id === user.sessionId,
    createTime: toWireTime(createTime),
    expireTime: toWireTime(expireTime),
    address,
    userAgent,
  }));
  return toPage(items, total, query);
}

/** Ends one of the user's sessions, with its tokens and sockets. @throws {AppError} `NOT_FOUND`. */
export async function endOwnSession(deps: OwnSessionsDeps, userId: number, sessionId: string, now: number): Promise<void> {
  const ended = await deps.revokeSessions(userId, { only: sessionId }, now);
  if (ended.length === 0) throw new AppError("NOT_FOUND");
  await deps.endSockets(userId, ended);
}

/** Ends all but the one that asks. @returns how many. */
export async function endOtherSessions(deps: OwnSessionsDeps, user: AuthenticatedUser, now: number): Promise<number> {
  const ended = await deps.revokeSessions(user.id, { except: user.sessionId }, now);
  await deps.endSockets(user.id, ended);
  return ended.length;
}
