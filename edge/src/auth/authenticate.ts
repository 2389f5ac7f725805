import { openDatabase } from "../db/client.ts";
import { parseConfig } from "../env.ts";
import { type AuthStore, createAuthStore } from "./store.ts";
import { readToken, type TokenClaims } from "./token.ts";

export interface AuthenticatedUser {
  id: number;
  username: string;
  role: "USER" | "ADMIN";
  sessionId: string;
  /** When the token that was shown ends, Unix milliseconds. */
  tokenExpiresAt: number;
}

/** The user behind a token, or null; a session that ended takes all its tokens with it. */
export async function authenticateToken(
  deps: { tokenSecret: string; findSessionUser: AuthStore["findSessionUser"] },
  token: string,
  use: TokenClaims["use"],
  now: number,
): Promise<AuthenticatedUser | null> {
  const claims = await readToken(deps.tokenSecret, token, use, now);
  if (!claims) return null;
  const user = await deps.findSessionUser(claims.sessionId, now);
  if (!user || user.id !== claims.userId) return null;
  return { id: user.id, username: user.username, role: user.role, sessionId: claims.sessionId, tokenExpiresAt: claims.expiresAt };
}

type SocketAuthentication =
  | { ok: true; user: { id: number; username: string; role: "USER" | "ADMIN" }; sessionId: string; expiresAt: number }
  | { ok: false };

/** For a socket's CONNECT (spec 8.1): checked once there, so the expiry goes along. */
export async function authenticateBearer(env: Cloudflare.Env, token: string, now: number): Promise<SocketAuthentication> {
  const deps = { ...parseConfig(env), ...createAuthStore(openDatabase(env.DB)) };
  const user = await authenticateToken(deps, token, "access", now);
  if (!user) return { ok: false };
  const { id, username, role, sessionId, tokenExpiresAt } = user;
  return { ok: true, user: { id, username, role }, sessionId, expiresAt: tokenExpiresAt };
}
