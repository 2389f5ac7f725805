import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { dataOf } from "../worker/system-of-one.ts";
import { PNG_BASE64 } from "./pictures.ts";
import { aDocumentedSystem, type DocumentedSystem } from "./system.ts";

const WIRE_TIME = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/);

let system: DocumentedSystem;
beforeAll(async () => {
  system = await aDocumentedSystem();
});
afterAll(() => system.agent.leave());

test("4.1 the profile has the document's fields, and no others", async () => {
  const { user, ask } = system;
  expect(dataOf(await ask("GET", "/users/profile"))).toEqual({
    id: user.id,
    username: user.username,
    nickname: user.username,
    email: null,
    phone: null,
    avatar: expect.any(String),
    balance: 1000,
    vipLevel: 0,
    vipExpireTime: null,
    createTime: WIRE_TIME,
    updateTime: WIRE_TIME,
  });
});

test("4.2 the profile takes what is given and keeps the rest, and an avatar becomes a URL", async () => {
  const { ask } = system;
  const given = { nickname: "新昵称", email: "newemail@example.com", phone: "13900139000" };
  expect((await ask("PUT", "/users/profile", given)).status).toBe(200);
  expect((await ask("PUT", "/users/profile", { avatar: `data:image/png;base64,${PNG_BASE64}` })).status).toBe(200);
  const profile = dataOf(await ask("GET", "/users/profile"));
  expect(profile).toMatchObject(given);
  expect(profile["avatar"]).toMatch(/^https?:\/\//);
  expect((await ask("PUT", "/users/profile", { email: "not an address" })).status).toBe(400);
});

describe("4.3 and 4.4: credits", () => {
  test("are frozen by a running task, and charged when it completes", async () => {
    const { ask, agent } = system;
    await ask("POST", "/generate/text2img", { prompt: "a cat" });
    expect(dataOf(await ask("GET", "/users/balance"))).toEqual({ balance: 1000, freezed: 10, available: 990, todayUsed: 0, monthUsed: 0 });
    const offer = await agent.acceptOffer();
    agent.complete(offer, (await agent.upload(offer)).sha256);
    await agent.next("ack");
    expect(dataOf(await ask("GET", "/users/balance"))).toEqual({ balance: 990, freezed: 0, available: 990, todayUsed: 10, monthUsed: 10 });
  });

  test("are listed by type, as the document shows them", async () => {
    const page = dataOf(await system.ask("GET", "/users/fund-records?page=1&pageSize=20&type=DEDUCT"));
    expect(page).toEqual({
      content: [
        {
          id: expect.any(Number),
          type: "DEDUCT",
          amount: -10,
          balance: 990,
          reason: expect.stringContaining("文生图"),
          taskId: expect.stringMatching(/^t2i_/),
          createTime: WIRE_TIME,
        },
      ],
      totalElements: 1,
      totalPages: 1,
      page: 1,
      pageSize: 20,
    });
  });

  test("add up to the balance, with freezing and unfreezing in between", async () => {
    const { taskId } = dataOf<{ taskId: string }>(await system.ask("POST", "/generate/text2img", { prompt: "a dog" }));
    await system.ask("DELETE", `/tasks/${taskId}`);
    const { content } = dataOf<{ content: { type: string; amount: number }[] }>(
      await system.ask("GET", "/users/fund-records?pageSize=100"),
    );
    expect(content.reduce((sum, { amount }) => sum + amount, 0)).toBe(990);
    expect(content.map(({ type }) => type)).toEqual(expect.arrayContaining(["FREEZE", "UNFREEZE", "DEDUCT"]));
    expect(content.filter(({ type }) => type.endsWith("FREEZE")).every(({ amount }) => amount === 0)).toBe(true);
  });
});
