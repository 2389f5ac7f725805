import { env } from "cloudflare:workers";
import { hashPassword } from "../../src/auth/password.ts";
import { createAuthStore } from "../../src/auth/store.ts";
import { issueToken, type TokenClaims } from "../../src/auth/token.ts";
import { createLedger } from "../../src/billing/ledger.ts";
import { openDatabase } from "../../src/db/client.ts";
import { accounts, users } from "../../src/db/schema.ts";

/** One for all: hashing a password takes longer than most tests. */
let password: Promise<string> | undefined;

/** A user with a session, who has not signed in. */
export async function signedIn({ role = "USER", credits = 1000 }: { role?: "USER" | "ADMIN"; credits?: number } = {}) {
  const db = openDatabase(env.DB);
  const now = Date.now();
  password ??= hashPassword("secret-word");
  const username = `user-${crypto.randomUUID().slice(0, 8)}`;
  const row = {
    username,
    nickname: username,
    role,
    password: await password,
    disabled: false,
    vipLevel: 0,
    createTime: now,
    updateTime: now,
  };
  const [user] = await db.insert(users).values(row).returning({ id: users.id });
  if (!user) throw new Error("no user was made");
  await db.insert(accounts).values({ userId: user.id, balance: 0, frozen: 0 });
  if (credits > 0) await createLedger(db).recharge(user.id, credits, "test", now);
  const sessionId = await openSession(user.id);
  return { id: user.id, username, sessionId, token: await tokenOf(user.id, sessionId) };
}

export async function openSession(userId: number): Promise<string> {
  const now = Date.now();
  const session = { id: crypto.randomUUID(), userId, createTime: now, expireTime: now + 3_600_000 };
  await createAuthStore(openDatabase(env.DB)).createSession(session);
  return session.id;
}

/** A token of that session, as login would have made it at that time. */
export const tokenOf = (userId: number, sessionId: string, use: TokenClaims["use"] = "access", issuedAt = Date.now()): Promise<string> =>
  issueToken(env.TOKEN_SECRET, { userId, sessionId, use }, issuedAt);

export const revoke = (sessionId: string): Promise<void> => createAuthStore(openDatabase(env.DB)).revokeSession(sessionId, Date.now());
