import { and, eq, gt, isNull } from "drizzle-orm";
import type { Database } from "../db/client.ts";
import { sessions, users } from "../db/schema.ts";

type UserRow = typeof users.$inferSelect;

export interface AuthStore {
  findUserByName(username: string): Promise<UserRow | null>;
  createSession(session: { id: string; userId: number; createTime: number; expireTime: number }): Promise<void>;
  /** The user of a session that still counts: neither revoked nor expired, its user not disabled. */
  findSessionUser(sessionId: string, now: number): Promise<UserRow | null>;
  revokeSession(sessionId: string, now: number): Promise<void>;
}

export function createAuthStore(db: Database): AuthStore {
  return {
    async findUserByName(username) {
      return (await db.select().from(users).where(eq(users.username, username)).get()) ?? null;
    },
    async createSession(session) {
      await db.insert(sessions).values(session);
    },
    async findSessionUser(sessionId, now) {
      const row = await db
        .select({ user: users })
        .from(sessions)
        .innerJoin(users, eq(users.id, sessions.userId))
        .where(and(eq(sessions.id, sessionId), isNull(sessions.revokeTime), gt(sessions.expireTime, now), eq(users.disabled, false)))
        .get();
      return row?.user ?? null;
    },
    async revokeSession(sessionId, now) {
      await db.update(sessions).set({ revokeTime: now }).where(eq(sessions.id, sessionId));
    },
  };
}
