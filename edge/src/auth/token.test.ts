import { sign } from "hono/jwt";
import { describe, expect, test } from "vitest";
import { ACCESS_TOKEN_SECONDS, issueToken, readToken, REFRESH_TOKEN_SECONDS } from "./token.ts";

const SECRET = "only-for-tests-0123456789abcdef0123456789";
const NOW = Date.UTC(2024, 9, 2);
const CLAIMS = { userId: 1001, sessionId: "session-1" };
const payload = (over: object = {}) => ({ sub: "1001", sid: "session-1", use: "access", exp: NOW / 1000 + 60, ...over });

describe("a token", () => {
  test.each([
    ["access", ACCESS_TOKEN_SECONDS],
    ["refresh", REFRESH_TOKEN_SECONDS],
  ] as const)("for %s says whose it is until it ends", async (use, seconds) => {
    const token = await issueToken(SECRET, { ...CLAIMS, use }, NOW);
    const end = NOW + seconds * 1000;
    expect(await readToken(SECRET, token, use, NOW)).toEqual({ ...CLAIMS, use, expiresAt: end });
    expect(await readToken(SECRET, token, use, end - 1)).not.toBeNull();
    expect(await readToken(SECRET, token, use, end)).toBeNull();
  });

  test("for one use is never good for the other", async () => {
    const [access, refresh] = await Promise.all((["access", "refresh"] as const).map((use) => issueToken(SECRET, { ...CLAIMS, use }, NOW)));
    expect(await readToken(SECRET, access ?? "", "refresh", NOW)).toBeNull();
    expect(await readToken(SECRET, refresh ?? "", "access", NOW)).toBeNull();
  });

  test("with another secret, another algorithm or none is refused", async () => {
    const none = [{ alg: "none", typ: "JWT" }, payload()].map((part) => Buffer.from(JSON.stringify(part)).toString("base64url"));
    const tokens = [
      await issueToken(`${SECRET}!`, { ...CLAIMS, use: "access" }, NOW),
      await sign(payload(), SECRET, "HS384"),
      await sign(payload(), SECRET, "HS512"),
      `${none.join(".")}.`,
      "not a token",
      "",
    ];
    for (const token of tokens) expect(await readToken(SECRET, token, "access", NOW)).toBeNull();
    expect(await readToken(SECRET, await sign(payload(), SECRET, "HS256"), "access", NOW)).not.toBeNull();
  });

  test.each([{ sub: "1001 or 1=1" }, { sid: "" }, { use: "upload" }, { exp: undefined }, { exp: "9999999999" }])(
    "that is signed but has other claims is refused (%o)",
    async (over) => {
      expect(await readToken(SECRET, await sign(payload(over), SECRET, "HS256"), "access", NOW)).toBeNull();
    },
  );

  test("that was changed on the way is refused", async () => {
    const token = await issueToken(SECRET, { ...CLAIMS, use: "access" }, NOW);
    const [head, , mac] = token.split(".");
    const forged = Buffer.from(JSON.stringify(payload({ sub: "1" }))).toString("base64url");
    expect(await readToken(SECRET, `${head}.${forged}.${mac}`, "access", NOW)).toBeNull();
  });
});
