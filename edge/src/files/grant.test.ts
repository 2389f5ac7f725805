import { sign } from "hono/jwt";
import { expect, test } from "vitest";
import { issueToken } from "../auth/token.ts";
import { issueGrant, readGrant } from "./grant.ts";

const SECRET = "only-for-tests-0123456789abcdef0123456789";
const ATTEMPT = { attemptId: "attempt-1", pool: "public", shard: 1 };
const DAY = 86_400_000;

test("a grant names its attempt and pool for a day", async () => {
  const now = Date.now();
  expect(await readGrant(SECRET, await issueGrant(SECRET, ATTEMPT, now))).toMatchObject({
    ...ATTEMPT,
    exp: Math.floor(now / 1000) + 86_400,
  });
  expect(await readGrant(SECRET, await issueGrant(SECRET, ATTEMPT, now - DAY + 60_000))).toMatchObject(ATTEMPT);
  expect(await readGrant(SECRET, await issueGrant(SECRET, ATTEMPT, now - DAY - 1_000))).toBeNull();
});

test("what is no grant of ours is none", async () => {
  const grant = await issueGrant(SECRET, ATTEMPT, Date.now());
  expect(await readGrant(`${SECRET}!`, grant)).toBeNull();
  expect(await readGrant(SECRET, `${grant}x`)).toBeNull();
  expect(await readGrant(SECRET, "")).toBeNull();
  const exp = Math.floor(Date.now() / 1000) + 60;
  expect(await readGrant(SECRET, await sign({ use: "upload", ...ATTEMPT, exp }, SECRET, "HS512"))).toBeNull();
  // One without an end would be good for ever.
  expect(await readGrant(SECRET, await sign({ use: "upload", ...ATTEMPT }, SECRET, "HS256"))).toBeNull();
});

test("an access token is no grant", async () => {
  expect(await readGrant(SECRET, await issueToken(SECRET, { userId: 1, sessionId: "s", use: "access" }, Date.now()))).toBeNull();
});
