import { ERRORS } from "@star-graph/shared/errors";
import { afterAll, beforeAll, expect, test } from "vitest";
import { aUser, call, untilAgents } from "../worker/system-of-one.ts";
import { aDocumentedSystem, type DocumentedSystem } from "./system.ts";

let system: DocumentedSystem;
beforeAll(async () => {
  system = await aDocumentedSystem();
});
afterAll(() => system.agent.leave());

test("9.1 and 9.2: every code has the HTTP status that was decided for it", () => {
  const statuses = Object.fromEntries(Object.values(ERRORS).map(({ code, httpStatus }) => [code, httpStatus]));
  expect(statuses).toEqual({
    ...Object.fromEntries([400, 401, 403, 404, 429, 500, 502, 503].map((code) => [code, code])),
    E001: 500,
    E002: 402,
    E003: 503,
    E004: 415,
    E005: 413,
    E006: 422,
    E007: 503,
    E008: 504,
  });
});

test("E002 without enough credits, and nothing is frozen", async () => {
  const poor = await aUser({ credits: 9 });
  const answer = await call("POST", "/api/v1/generate/text2img", { token: poor.token, json: { prompt: "a cat" } });
  expect([answer.status, answer.body["code"], answer.body["message"]]).toEqual([402, "E002", "余额不足"]);
  const { body } = await call("GET", "/api/v1/users/balance", { token: poor.token });
  expect(body["data"]).toMatchObject({ balance: 9, freezed: 0 });
});

test("E007 for a model that nobody online has, with a time to come back", async () => {
  const { status, body, headers } = await system.ask("POST", "/generate/text2img", { prompt: "a cat", modelName: "stargraph-scene" });
  expect([status, body["code"], headers.get("Retry-After")]).toEqual([503, "E007", "30"]);
  await untilAgents(1);
});

test("403 for a user on an administrator's route", async () => {
  const { status, body } = await system.ask("GET", "/admin/users");
  expect([status, body["code"]]).toEqual([403, 403]);
});
