import type { SessionListQuery } from "@star-graph/shared/rest/auth";
import { and, asc, count, desc, eq, gt, inArray, isNull, lt, ne } from "drizzle-orm";
import type { Database } from "../db/client.ts";
import { sessions, users } from "../db/schema.ts";
import { insertUser, type NewUserRow } from "../users/insert-user.ts";

export type UserRow = typeof users.$inferSelect;
type SessionRow = typeof sessions.$inferSelect;

export interface AuthStore {
  findUserByName(username: string): Promise<UserRow | null>;
  findUserById(userId: number): Promise<UserRow | null>;
  /** A user with an account of 0 credits; null when the name is taken. */
  createUser(user: NewUserRow, now: number): Promise<UserRow | null>;
  setPassword(userId: number, password: string, now: number): Promise<void>;
  createSession(session: Omit<typeof sessions.$inferInsert, "revokeTime">): Promise<void>;
  /** Whether the account has signed in from there in the last month. */
  isKnownAddress(username: string, address: string): Promise<boolean>;
  /** One page of the user's sessions that count, and how many there are. */
  listSessions(userId: number, query: SessionListQuery, now: number): Promise<{ rows: SessionRow[]; total: number }>;
  /** Ends the user's sessions that count: one of them, or all but one. @returns the ids of those that this ended. */
  revokeSessions(userId: number, which: { only: string } | { except: string }, now: number): Promise<string[]>;
  /** Forgets sessions whose last token has expired. */
  dropExpiredSessions(now: number): Promise<void>;
  /** The user of a session that still counts: neither revoked nor expired, its user not disabled. */
  findSessionUser(sessionId: string, now: number): Promise<UserRow | null>;
  revokeSession(sessionId: string, now: number): Promise<void>;
}

export function createAuthStore(db: Database): AuthStore {
  const valid = (userId: number, now: number) =>
    and(eq(sessions.userId, userId), isNull(sessions.revokeTime), gt(sessions.expireTime, now));
  const findByName = async (username: string) => (await db.select().from(users).where(eq(users.username, username)).get()) ?? null;
  return {
    async findUserById(userId) {
      return (await db.select().from(users).where(eq(users.id, userId)).get()) ?? null;
    },
    async createUser(user, now) {
      return (await insertUser(db, user, now)) ? findByName(user.username) : null;
    },
    async setPassword(userId, password, now) {
      await db.update(users).set({ password, updateTime: now }).where(eq(users.id, userId));
    },
    async isKnownAddress(username, address) {
      const id = db.select({ id: users.id }).from(users).where(eq(users.username, username));
      const row = await db
        .select({ id: sessions.id })
        .from(sessions)
        .where(and(inArray(sessions.userId, id), eq(sessions.address, address)))
        .limit(1)
        .get();
      return row !== undefined;
    },
    async listSessions(userId, query, now) {
      const direction = query.order === "asc" ? asc : desc;
      const [rows, counted] = await db.batch([
        db
          .select()
          .from(sessions)
          .where(valid(userId, now))
          .orderBy(direction(sessions.createTime), direction(sessions.id))
          .limit(query.pageSize)
          .offset((query.page - 1) * query.pageSize),
        db.select({ total: count() }).from(sessions).where(valid(userId, now)),
      ]);
      return { rows, total: counted[0]?.total ?? 0 };
    },
    async revokeSessions(userId, which, now) {
      const chosen = "only" in which ? eq(sessions.id, which.only) : ne(sessions.id, which.except);
      const ended = await db
        .update(sessions)
        .set({ revokeTime: now })
        .where(and(valid(userId, now), chosen))
        .returning({ id: sessions.id });
      return ended.map(({ id }) => id);
    },
    async dropExpiredSessions(now) {
      await db.delete(sessions).where(lt(sessions.expireTime, now));
    },
    async findUserByName(username) {
      return findByName(username);
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
