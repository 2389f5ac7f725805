import { sign, verify } from "hono/jwt";
import { z } from "zod";

const GRANT_SECONDS = 24 * 3600;

const Grant = z.object({
  use: z.literal("upload"),
  attemptId: z.string().min(1),
  pool: z.string().min(1),
  shard: z.number().int().default(0),
  exp: z.number(),
});
export type Grant = z.infer<typeof Grant>;

/** Allows one attempt to upload its files and nothing else; whether the attempt still counts is asked at each upload. */
export function issueGrant(secret: string, attempt: { attemptId: string; pool: string; shard: number }, now: number): Promise<string> {
  return sign({ use: "upload", ...attempt, exp: Math.floor(now / 1000) + GRANT_SECONDS }, secret, "HS256");
}

/** The grant, or null when it is forged, expired or another kind of token. */
export async function readGrant(secret: string, token: string): Promise<Grant | null> {
  try {
    return Grant.safeParse(await verify(token, secret, { alg: "HS256" })).data ?? null;
  } catch {
    return null;
  }
}
