import { env } from "cloudflare:workers";
import { createAuthStore } from "../../src/auth/store.ts";
import { issueToken, REFRESH_TOKEN_SECONDS, type TokenClaims } from "../../src/auth/token.ts";
import { openDatabase } from "../../src/db/client.ts";

export async function openSession(userId: number): Promise<string> {
  const now = Date.now();
  const session = { id: crypto.randomUUID(), userId, createTime: now, expireTime: now + REFRESH_TOKEN_SECONDS * 1000 };
  await createAuthStore(openDatabase(env.DB)).createSession(session);
  return session.id;
}

/** A token of that session, as login would have made it at that time. */
export const tokenOf = (userId: number, sessionId: string, use: TokenClaims["use"] = "access", issuedAt = Date.now()): Promise<string> =>
  issueToken(env.TOKEN_SECRET, { userId, sessionId, use }, issuedAt);

export const revoke = (sessionId: string): Promise<void> => createAuthStore(openDatabase(env.DB)).revokeSession(sessionId, Date.now());
