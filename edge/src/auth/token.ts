import { sign, verify } from "hono/jwt";
import { z } from "zod";

export const ACCESS_TOKEN_SECONDS = 86_400;
export const REFRESH_TOKEN_SECONDS = 30 * 86_400;

const Claims = z.object({ sub: z.string().regex(/^\d+$/), sid: z.string().min(1), use: z.enum(["access", "refresh"]), exp: z.number() });

export interface TokenClaims {
  userId: number;
  sessionId: string;
  use: "access" | "refresh";
  /** Unix milliseconds. */
  expiresAt: number;
}

/** A JWT, HS256. `use` keeps a refresh token from passing as an access token (decisions, "Auth"). */
export function issueToken(secret: string, claims: Omit<TokenClaims, "expiresAt">, now: number): Promise<string> {
  const issuedAt = Math.floor(now / 1000);
  const seconds = claims.use === "access" ? ACCESS_TOKEN_SECONDS : REFRESH_TOKEN_SECONDS;
  const payload = { sub: String(claims.userId), sid: claims.sessionId, use: claims.use, iat: issuedAt, exp: issuedAt + seconds };
  return sign(payload, secret, "HS256");
}

/** The claims of a token of that use, or null: whatever is wrong with it, the caller learns the same. */
export async function readToken(secret: string, token: string, use: TokenClaims["use"], now: number): Promise<TokenClaims | null> {
  let payload: unknown;
  try {
    payload = await verify(token, secret, { alg: "HS256", exp: false });
  } catch {
    return null;
  }
  const claims = Claims.safeParse(payload);
  if (!claims.success || claims.data.use !== use || claims.data.exp * 1000 <= now) return null;
  return { userId: Number(claims.data.sub), sessionId: claims.data.sid, use, expiresAt: claims.data.exp * 1000 };
}
