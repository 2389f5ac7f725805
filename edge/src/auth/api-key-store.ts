import type { ApiScope } from "@star-graph/shared/rest/auth";
import { and, count, desc, eq, isNull, lte, or } from "drizzle-orm";
import type { Database } from "../db/client.ts";
import { apiKeys, users } from "../db/schema.ts";
import type { UserRow } from "./store.ts";

export type ApiKeyRow = typeof apiKeys.$inferSelect;

interface NewApiKey {
  userId: number;
  name: string;
  prefix: string;
  hash: string;
  scopes: ApiScope[];
  createTime: number;
}

export interface ApiKeyStore {
  /** The key with that hash and its user; null when it is unknown or revoked, or its user disabled. */
  findApiKey(hash: string): Promise<{ key: ApiKeyRow; user: UserRow } | null>;
  /** The user of a key that still counts: not revoked, its user not disabled. */
  findKeyUser(keyId: number): Promise<UserRow | null>;
  /** Writes that the key was used, unless that is on record since `notSince` already. */
  touchApiKey(keyId: number, now: number, notSince: number): Promise<void>;
  createApiKey(key: NewApiKey): Promise<ApiKeyRow>;
  countApiKeys(userId: number): Promise<number>;
  /** The user's keys that count, newest first. */
  listApiKeys(userId: number): Promise<ApiKeyRow[]>;
  /** False when the user has no such key, or it is revoked already. */
  revokeApiKey(userId: number, keyId: number, now: number): Promise<boolean>;
}

export function createApiKeyStore(db: Database): ApiKeyStore {
  const ownAndValid = (userId: number) => and(eq(apiKeys.userId, userId), isNull(apiKeys.revokeTime));
  return {
    async findApiKey(hash) {
      const row = await db
        .select({ key: apiKeys, user: users })
        .from(apiKeys)
        .innerJoin(users, eq(users.id, apiKeys.userId))
        .where(and(eq(apiKeys.hash, hash), isNull(apiKeys.revokeTime), eq(users.disabled, false)))
        .get();
      return row ?? null;
    },
    async findKeyUser(keyId) {
      const row = await db
        .select({ user: users })
        .from(apiKeys)
        .innerJoin(users, eq(users.id, apiKeys.userId))
        .where(and(eq(apiKeys.id, keyId), isNull(apiKeys.revokeTime), eq(users.disabled, false)))
        .get();
      return row?.user ?? null;
    },
    async touchApiKey(keyId, now, notSince) {
      await db
        .update(apiKeys)
        .set({ lastUsedTime: now })
        .where(and(eq(apiKeys.id, keyId), or(isNull(apiKeys.lastUsedTime), lte(apiKeys.lastUsedTime, notSince))));
    },
    async createApiKey(key) {
      return db.insert(apiKeys).values(key).returning().get();
    },
    async countApiKeys(userId) {
      return (await db.select({ keys: count() }).from(apiKeys).where(ownAndValid(userId)).get())?.keys ?? 0;
    },
    async listApiKeys(userId) {
      return db.select().from(apiKeys).where(ownAndValid(userId)).orderBy(desc(apiKeys.id));
    },
    async revokeApiKey(userId, keyId, now) {
      const revoked = await db
        .update(apiKeys)
        .set({ revokeTime: now })
        .where(and(ownAndValid(userId), eq(apiKeys.id, keyId)))
        .returning({ id: apiKeys.id });
      return revoked.length > 0;
    },
  };
}
