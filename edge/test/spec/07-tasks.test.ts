import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { dataOf } from "../worker/system-of-one.ts";
import { aDocumentedSystem, type DocumentedSystem } from "./system.ts";

const WIRE_TIME = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/);
const FILE_URL = expect.stringMatching(/^http:\/\/127\.0\.0\.1:8787\/files\/results\//);

let system: DocumentedSystem;
let completed: string;
beforeAll(async () => {
  system = await aDocumentedSystem();
  completed = await created({ prompt: "一只可爱的猫咪在花园里玩耍", negativePrompt: "低质量,模糊", clientId: "optional_client_id" });
  const { agent } = system;
  const offer = await agent.acceptOffer();
  agent.complete(offer, (await agent.upload(offer)).sha256);
  await agent.next("ack");
});
afterAll(() => system.agent.leave());

async function created(json: object): Promise<string> {
  return dataOf<{ taskId: string }>(await system.ask("POST", "/generate/text2img", json)).taskId;
}

test("7.1 the list shows the document's fields, with results as URLs", async () => {
  const page = dataOf(await system.ask("GET", "/tasks?page=1&pageSize=20&status=COMPLETED&type=TEXT2IMG"));
  expect(page).toEqual({
    content: [
      {
        id: completed,
        type: "TEXT2IMG",
        status: "COMPLETED",
        progress: 100,
        prompt: "一只可爱的猫咪在花园里玩耍",
        results: [FILE_URL],
        cost: 10,
        createTime: WIRE_TIME,
        completeTime: WIRE_TIME,
      },
    ],
    totalElements: 1,
    totalPages: 1,
    page: 1,
    pageSize: 20,
  });
});

test("7.2 the detail shows the document's fields, with results as objects, and at the top level what 10.1 reads", async () => {
  const { body } = await system.ask("GET", `/tasks/${completed}`);
  expect(body["data"]).toMatchObject({
    id: completed,
    type: "TEXT2IMG",
    status: "COMPLETED",
    progress: 100,
    prompt: "一只可爱的猫咪在花园里玩耍",
    negativePrompt: "低质量,模糊",
    parameters: {
      modelName: "stable-diffusion-xl-base-1.0",
      width: 1024,
      height: 1024,
      steps: 30,
      cfgScale: 7.5,
      seed: expect.any(Number),
    },
    results: [{ url: FILE_URL, thumbnailUrl: FILE_URL, size: expect.any(Number), width: 1024, height: 1024, format: "PNG" }],
    cost: 10,
    queueTime: expect.any(Number),
    processTime: expect.any(Number),
    createTime: WIRE_TIME,
    startTime: WIRE_TIME,
    completeTime: WIRE_TIME,
    clientId: "optional_client_id",
  });
  expect(body).toMatchObject({ status: "COMPLETED", results: dataOf({ body })["results"] });
});

describe("7.3 cancel", () => {
  test("releases what was held, says how much, and is final", async () => {
    const taskId = await created({ prompt: "a cat" });
    const { status, body } = await system.ask("DELETE", `/tasks/${taskId}`);
    expect([status, body["message"], body["data"]]).toEqual([200, "任务已取消", { taskId, refund: 10 }]);
    expect(dataOf(await system.ask("GET", "/users/balance"))).toMatchObject({ balance: 990, freezed: 0 });
    expect((await system.ask("DELETE", `/tasks/${taskId}`)).status).toBe(400);
    expect(dataOf(await system.ask("GET", `/tasks/${taskId}`))).toMatchObject({ status: "CANCELLED", results: [] });
  });
});

describe("7.4 retry", () => {
  test("makes a new task, paid like a new one, from a cancelled one", async () => {
    const taskId = await created({ prompt: "a cat" });
    await system.ask("DELETE", `/tasks/${taskId}`);
    const { status, body } = await system.ask("POST", `/tasks/${taskId}/retry`);
    expect([status, body["message"]]).toEqual([200, "任务重试成功"]);
    expect(body["data"]).toEqual({ newTaskId: expect.stringMatching(/^t2i_/), queuePosition: expect.any(Number) });
    expect(dataOf(await system.ask("GET", "/users/balance"))).toMatchObject({ freezed: 10 });
  });

  test("is refused for a task that runs or is done", async () => {
    expect((await system.ask("POST", `/tasks/${completed}/retry`)).status).toBe(400);
  });
});
