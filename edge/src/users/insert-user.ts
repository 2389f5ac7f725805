import type { BatchItem } from "drizzle-orm/batch";
import { type SQL, sql } from "drizzle-orm";
import { databaseMessage, type Database } from "../db/client.ts";
import { accounts, users } from "../db/schema.ts";

export interface NewUserRow {
  username: string;
  nickname: string;
  /** As `hashPassword` makes it. */
  password: string;
  role: "USER" | "ADMIN";
}

/**
 * A user with an account of 0 credits, in one batch with what else is to be written of them.
 * @param also is given the new user's id as an expression: there is no number yet
 * @returns false when the name is taken; nothing is written then
 */
export async function insertUser(
  db: Database,
  user: NewUserRow,
  now: number,
  also: (userId: SQL) => BatchItem<"sqlite">[] = () => [],
): Promise<boolean> {
  const userId = sql`(SELECT id FROM users WHERE username = ${user.username})`;
  try {
    await db.batch([
      db.insert(users).values({ ...user, disabled: false, vipLevel: 0, createTime: now, updateTime: now }),
      db.insert(accounts).values({ userId, balance: 0, frozen: 0 }),
      ...also(userId),
    ]);
    return true;
  } catch (error) {
    if (databaseMessage(error).includes("UNIQUE constraint failed: users.username")) return false;
    throw error;
  }
}
