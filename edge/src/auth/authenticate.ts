import type { ApiScope } from "@star-graph/shared/rest/auth";
import { openDatabase } from "../db/client.ts";
import { parseConfig } from "../config.ts";
import { hashApiKey, isApiKey } from "./api-key.ts";
import { type ApiKeyStore, createApiKeyStore } from "./api-key-store.ts";
import { type AuthStore, createAuthStore } from "./store.ts";
import { readToken, type TokenClaims } from "./token.ts";

/** How exactly a key's last use is known: more would be a write for every request. */
const LAST_USED_GRAIN_MS = 60_000;
/** A socket is asked who it is once, at CONNECT; one that came with a key is asked again after a day. */
const KEY_SOCKET_MS = 86_400_000;

export interface AuthenticatedUser {
  id: number;
  username: string;
  role: "USER" | "ADMIN";
  /** The sign-in that the token came from; of an API key a name of its own, under which its sockets end. */
  sessionId: string;
  /** What an API key may do; null for a signed-in session, which may do everything. */
  scopes: readonly ApiScope[] | null;
  /** When the token that was shown ends, Unix milliseconds. */
  tokenExpiresAt: number;
}

export interface AuthenticateDeps extends Pick<AuthStore, "findSessionUser">, Pick<ApiKeyStore, "findApiKey" | "touchApiKey"> {
  tokenSecret: string;
}

const KEY_SESSION = "api-key:";
export const apiKeySession = (keyId: number): string => `${KEY_SESSION}${keyId}`;

export type SignInDeps = Pick<AuthStore, "findSessionUser"> & Pick<ApiKeyStore, "findKeyUser">;

/** Whether that user's sign-in, or API key, still counts: for what was issued on it and is shown without it. */
export async function isSignedIn(deps: SignInDeps, userId: number, sessionId: string, now: number): Promise<boolean> {
  const user = sessionId.startsWith(KEY_SESSION)
    ? await deps.findKeyUser(Number(sessionId.slice(KEY_SESSION.length)))
    : await deps.findSessionUser(sessionId, now);
  return user?.id === userId;
}

/** The user behind a token, or null; a session that ended takes all its tokens with it. An API key passes as an access token. */
export async function authenticateToken(
  deps: AuthenticateDeps,
  token: string,
  use: TokenClaims["use"],
  now: number,
): Promise<AuthenticatedUser | null> {
  if (isApiKey(token)) return use === "access" ? authenticateKey(deps, token, now) : null;
  const claims = await readToken(deps.tokenSecret, token, use, now);
  if (!claims) return null;
  const user = await deps.findSessionUser(claims.sessionId, now);
  if (!user || user.id !== claims.userId) return null;
  const { id, username, role } = user;
  return { id, username, role, sessionId: claims.sessionId, scopes: null, tokenExpiresAt: claims.expiresAt };
}

async function authenticateKey(deps: AuthenticateDeps, token: string, now: number): Promise<AuthenticatedUser | null> {
  const found = await deps.findApiKey(await hashApiKey(token));
  if (!found) return null;
  const { key, user } = found;
  if (now - (key.lastUsedTime ?? 0) >= LAST_USED_GRAIN_MS) await deps.touchApiKey(key.id, now, now - LAST_USED_GRAIN_MS);
  const { id, username, role } = user;
  return { id, username, role, sessionId: apiKeySession(key.id), scopes: key.scopes, tokenExpiresAt: now + KEY_SOCKET_MS };
}

type SocketAuthentication =
  | { ok: true; user: Pick<AuthenticatedUser, "id" | "username" | "scopes">; sessionId: string; expiresAt: number }
  | { ok: false };

/** For a socket's CONNECT (spec 8.1): checked once there, so the expiry goes along. A key needs the scope to read. */
export async function authenticateBearer(env: Cloudflare.Env, token: string, now: number): Promise<SocketAuthentication> {
  const db = openDatabase(env.DB);
  const user = await authenticateToken({ ...parseConfig(env), ...createAuthStore(db), ...createApiKeyStore(db) }, token, "access", now);
  if (!user || user.scopes?.includes("read") === false) return { ok: false };
  const { id, username, scopes, sessionId, tokenExpiresAt } = user;
  return { ok: true, user: { id, username, scopes }, sessionId, expiresAt: tokenExpiresAt };
}
