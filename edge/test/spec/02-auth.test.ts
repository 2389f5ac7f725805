import { beforeAll, describe, expect, test } from "vitest";
import { aUser, call, dataOf, type TestUser } from "../worker/system-of-one.ts";

const MD5_OF_PASSWORD123 = "482c811da5d5b4bc6d497ffa98491e38";
const WIRE_TOKEN = expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/);

let user: TestUser;
beforeAll(async () => {
  user = await aUser({ password: "password123" });
});

const login = (password: string, username = user.username) => call("POST", "/api/v1/auth/login", { json: { username, password } });
const balance = (token: string) => call("GET", "/api/v1/users/balance", { token });

describe("2.1 login", () => {
  test("answers as the document shows, under data and at the top level", async () => {
    const { status, body } = await login(MD5_OF_PASSWORD123);
    expect([status, body["message"]]).toEqual([200, "登录成功"]);
    const data = {
      token: WIRE_TOKEN,
      refreshToken: WIRE_TOKEN,
      expiresIn: 86_400,
      user: { id: user.id, username: user.username, nickname: user.username, avatar: expect.any(String), role: "USER" },
    };
    expect(body["data"]).toEqual(data);
    expect(body).toMatchObject({ token: dataOf({ body })["token"], refreshToken: dataOf({ body })["refreshToken"], expiresIn: 86_400 });
  });

  test("takes the MD5 in hex of either case, and the plain password", async () => {
    const answers = await Promise.all([MD5_OF_PASSWORD123.toUpperCase(), "password123"].map((password) => login(password)));
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
  });

  test("tells a wrong password and an unknown user apart in nothing", async () => {
    const [wrong, unknown] = [await login("password124"), await login("password123", "nobody-here")];
    expect([wrong.status, wrong.body["code"], wrong.body["message"]]).toEqual([401, 401, unknown.body["message"]]);
    expect(unknown.status).toBe(401);
  });
});

test("2.2 the refresh token makes a new access token, and passes as none", async () => {
  const { body, status } = await call("POST", "/api/v1/auth/refresh", { token: user.refreshToken });
  expect([status, body["message"]]).toEqual([200, "Token刷新成功"]);
  expect(body["data"]).toEqual({ token: WIRE_TOKEN, expiresIn: 86_400 });
  expect((await balance(String(dataOf({ body })["token"]))).status).toBe(200);
  expect((await balance(user.refreshToken)).status).toBe(401);
  expect((await call("POST", "/api/v1/auth/refresh", { token: user.token })).status).toBe(401);
});

test("2.3 logout ends the session's access and refresh tokens at once, and no other session", async () => {
  const session = dataOf<{ token: string; refreshToken: string }>(await login(MD5_OF_PASSWORD123));
  const { status, body } = await call("POST", "/api/v1/auth/logout", { token: session.token });
  expect([status, body["message"], "data" in body]).toEqual([200, "登出成功", false]);
  expect((await balance(session.token)).status).toBe(401);
  expect((await call("POST", "/api/v1/auth/refresh", { token: session.refreshToken })).status).toBe(401);
  expect((await balance(user.token)).status).toBe(200);
});
