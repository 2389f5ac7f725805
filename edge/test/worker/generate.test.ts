import { env } from "cloudflare:workers";
import type { Capabilities, OfferMessage } from "@star-graph/shared/agent-protocol";
import { DEFAULTS } from "@star-graph/shared/defaults";
import { TaskType } from "@star-graph/shared/task";
import { outputOf } from "@star-graph/shared/work";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { openDatabase } from "../../src/db/client.ts";
import { models } from "../../src/db/schema.ts";
import { anMp4 } from "../../src/files/testing/mp4.ts";
import { removeExpiredInputs } from "../../src/inputs/remove-expired.ts";
import { storeInput } from "../../src/inputs/store-input.ts";
import { createInputStore } from "../../src/inputs/store.ts";
import { JPEG, PNG } from "../../src/inputs/testing/pictures.ts";
import { callModerated } from "./refusing-classifier.ts";
import {
  anAgentKey,
  aUser,
  balanceOf,
  call,
  cancelAll,
  dataOf,
  detailOf,
  ORIGIN,
  type TestUser,
  untilAgents,
  untilStatus,
} from "./system-of-one.ts";
import { put, TestAgent, TINY_PNG } from "./test-agent.ts";

/** Every model of the table, for all that it may do. */
async function everyModel(): Promise<Capabilities> {
  const rows = await openDatabase(env.DB).select().from(models);
  const offered = rows.map(({ name, types }) => ({ name, types: TaskType.array().nonempty().parse(types), engine: "test" }));
  return { slots: 8, models: offered };
}

const sha256Of = async (bytes: Uint8Array<ArrayBuffer>) => new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
const toBase64 = (bytes: Uint8Array) => Buffer.from(bytes).toString("base64");
const PICTURE = PNG(640, 480);
const imageBase64 = `data:image/png;base64,${toBase64(PICTURE)}`;

let user: TestUser;
let stranger: TestUser;
let agent: TestAgent;

beforeAll(async () => {
  [user, stranger] = await Promise.all([aUser({ credits: 10_000 }), aUser()]);
  agent = await TestAgent.ready(await anAgentKey(user.id), { capabilities: await everyModel() });
});
afterEach(async () => {
  vi.restoreAllMocks();
  await cancelAll();
  // Its slots are free again only when it says of each attempt that it stopped.
  for (const message of agent.received.splice(0)) {
    if (message.type === "offer") agent.send({ type: "stopped", attemptId: message.attemptId });
  }
  agent.send({ type: "ready", freeSlots: 8 });
});
afterAll(async () => {
  agent.leave();
  await untilAgents(0);
});

const generate = (path: string, json: object, caller = user) => call("POST", `/api/v1/generate/${path}`, { token: caller.token, json });
const accepted = async (path: string, json: object) => {
  const answer = await generate(path, json);
  expect(answer.body).toMatchObject({ code: 200 });
  return dataOf<{ taskId: string; cost: number }>(answer);
};
const storedInputs = async () => (await env.FILES.list({ prefix: "inputs/" })).objects.map((object) => object.key);
const fetchInput = (url: string, grant: string) => call("GET", new URL(url).pathname, { token: grant });
/** Uploads what was ordered, by its head at least, and waits until it is on record. */
const finish = async (offer: OfferMessage) => {
  const { width, height, isVideo } = outputOf(offer.task);
  const file = isVideo ? anMp4(width, height) : PNG(width, height);
  const [sha256, ofThumbnail] = await Promise.all([sha256Of(file), sha256Of(TINY_PNG)]);
  const stored = { status: 200 };
  expect(await put(`${offer.upload.url}/0/thumbnail`, offer.upload.grant, TINY_PNG, ofThumbnail)).toMatchObject(stored);
  expect(await put(`${offer.upload.url}/0`, offer.upload.grant, file, sha256)).toMatchObject(stored);
  agent.complete(offer, Buffer.from(sha256).toString("hex"));
  await agent.next("ack");
  agent.send({ type: "ready", freeSlots: 8 });
};

const SAMPLED = { negativePrompt: "", cfgScale: 7, sampler: "euler", scheduler: "normal", batchSize: 1 };
const FILMED = { negativePrompt: "", width: 512, height: 512, duration: 4, fps: 8, motionBucketId: 127, steps: 25 };
const MEASURED = { imageWidth: 640, imageHeight: 480 };
const DRAWN = expect.any(Number);

/** Route, least body, what an engine is given, cost, prefix of the id, message. */
const TYPES = [
  [
    "text2img",
    { prompt: "一只猫" },
    {
      ...SAMPLED,
      prompt: "一只猫",
      modelName: "stable-diffusion-xl-base-1.0",
      width: 1024,
      height: 1024,
      steps: 30,
      cfgScale: 7.5,
      denoise: 1,
      seed: DRAWN,
    },
    10,
    "t2i",
    "任务创建成功",
  ],
  [
    "img2img",
    { prompt: "油画", imageBase64 },
    {
      ...SAMPLED,
      ...MEASURED,
      prompt: "油画",
      modelName: "stable-diffusion-v1-5",
      width: 512,
      height: 512,
      steps: 20,
      strength: 0.7,
      seed: DRAWN,
    },
    2,
    "i2i",
    "任务创建成功",
  ],
  ["upscale", { imageBase64 }, { ...MEASURED, model: "RealESRGAN", scaleFactor: 2 }, 4, "ups", "任务创建成功"],
  [
    "pose",
    { prompt: "女孩", poseImageBase64: imageBase64 },
    {
      ...SAMPLED,
      ...MEASURED,
      prompt: "女孩",
      modelName: "stable-diffusion-v1-5",
      width: 512,
      height: 768,
      steps: 20,
      controlType: "openpose",
      controlStrength: 1,
      seed: DRAWN,
    },
    3,
    "pose",
    "任务创建成功",
  ],
  [
    "text2video",
    { prompt: "一只猫在奔跑" },
    { ...FILMED, prompt: "一只猫在奔跑", modelName: "stable-video-diffusion", cfgScale: 7.5, seed: DRAWN },
    30,
    "t2v",
    "文生视频任务已提交",
  ],
  [
    "img2video",
    { imageBase64 },
    {
      ...FILMED,
      ...MEASURED,
      prompt: "",
      modelName: "stable-video-diffusion-img2vid",
      cfgScale: 2.5,
      augmentationLevel: 0,
      videoLoop: false,
      seed: DRAWN,
    },
    30,
    "i2v",
    "图生视频任务已提交",
  ],
] as const;

describe.each(TYPES)("%s", (path, body, parameters, cost, prefix, message) => {
  test("lives from its least request to its result, with the document's defaults, and is charged once", async () => {
    const before = await balanceOf(user);
    const answer = await generate(path, body);
    const video = path.endsWith("video") ? { duration: 4, fps: 8, totalFrames: 32 } : {};
    const said = {
      taskId: expect.stringMatching(new RegExp(`^${prefix}_\\d{8}_\\d{12,}$`)),
      queuePosition: 0,
      estimatedTime: DRAWN,
      cost,
      ...video,
    };
    // How wrong the estimate may be is ours, and not repeated at the top level.
    const data = { ...said, estimatedTimeRange: { low: DRAWN, high: DRAWN } };
    expect(answer.body).toEqual({ ...said, code: 200, message, data, timestamp: DRAWN, requestId: expect.any(String) });

    const offer = await agent.acceptOffer();
    expect(offer.task.parameters).toEqual(parameters);
    expect(offer.inputs).toHaveLength("imageWidth" in parameters ? 1 : 0);
    for (const input of offer.inputs) {
      expect(input.url).toBe(`${ORIGIN}/agent/v1/attempts/${offer.attemptId}/inputs/0`);
      const fetched = await fetchInput(input.url, offer.upload.grant);
      expect([fetched.status, fetched.bytes]).toEqual([200, PICTURE]);
      expect(Buffer.from(await crypto.subtle.digest("SHA-256", fetched.bytes)).toString("hex")).toBe(input.sha256);
      expect([input.size, fetched.headers.get("Content-Type")]).toEqual([PICTURE.length, "image/png"]);
    }
    await finish(offer);
    const { taskId } = dataOf<{ taskId: string }>(answer);
    await untilStatus(user, taskId, "COMPLETED");
    expect(await detailOf(user, taskId)).toMatchObject({ id: taskId, cost, results: [{ format: path.endsWith("video") ? "MP4" : "PNG" }] });
    expect(await balanceOf(user)).toMatchObject({ balance: Number(before["balance"]) - cost, freezed: 0 });
    for (const input of offer.inputs) expect((await fetchInput(input.url, offer.upload.grant)).status).toBe(403);
  });

  test("of a model that does not do it names the field", async () => {
    const [field, wrong] = path === "upscale" ? ["model", "stable-diffusion-v1-5"] : ["modelName", "RealESRGAN"];
    for (const name of [wrong, "no-such-model", "constructor"]) {
      const answer = await generate(path, { ...body, [field]: name });
      expect(answer).toMatchObject({ status: 400, body: { code: 400, data: { issues: [{ path: field }] } } });
    }
  });
});

const PICTURE_FIELDS = [
  ["img2img", { prompt: "x" }, "imageBase64", "imageUrl"],
  ["upscale", {}, "imageBase64", "imageUrl"],
  ["pose", { prompt: "x" }, "poseImageBase64", "poseImageUrl"],
  ["img2video", {}, "imageBase64", "imageUrl"],
] as const;

describe.each(PICTURE_FIELDS)("the picture of %s", (path, body, base64, url) => {
  test("comes one way: neither or both are a bad request", async () => {
    for (const json of [body, { ...body, [base64]: imageBase64, [url]: "https://a.example.com/a.png" }]) {
      expect(await generate(path, json)).toMatchObject({ status: 400, body: { code: 400, data: { issues: [{ path: base64 }] } } });
    }
  });

  test.each([
    ["a GIF", new TextEncoder().encode("GIF89a\x04\x00\x04\x00\x00\x00\x00;"), 415, "E004"],
    ["a cut PNG", PICTURE.slice(0, -1), 415, "E004"],
    ["a cut JPEG", JPEG(8, 8).slice(0, -1), 415, "E004"],
    ["a bomb", PNG(30_000, 30_000), 413, "E005"],
  ] as const)("that is %s is refused by its bytes, whatever it says it is", async (_what, bytes, status, code) => {
    const kept = await storedInputs();
    const json = { ...body, [base64]: `data:image/png;base64,${toBase64(bytes)}` };
    expect(await generate(path, json)).toMatchObject({ status, body: { code, data: { issues: [{ path: base64 }] } } });
    expect(await storedInputs()).toEqual(kept);
    expect(await balanceOf(user)).toMatchObject({ freezed: 0 });
  });

  test("is moderated with the prompt", async () => {
    const kept = await storedInputs();
    const answer = await callModerated("POST", `/api/v1/generate/${path}`, { token: user.token, body: { ...body, [base64]: imageBase64 } });
    expect(answer).toMatchObject({ status: 422, body: { code: "E006" } });
    const texts = "prompt" in body ? [body.prompt] : [""];
    expect(answer.asked).toEqual([{ texts, picture: { contentType: "image/png", base64: toBase64(PICTURE) } }]);
    expect(await storedInputs()).toEqual(kept);
  });

  test.each([
    "http://127.0.0.1:8788/a.png",
    "http://2130706433/a.png",
    "http://0x7f.1/a.png",
    "http://[::ffff:127.0.0.1]/a.png",
    "http://169.254.169.254/latest/meta-data",
    "http://localhost/a.png",
    "http://metadata.google.internal/",
  ])("is not fetched from %s", async (address) => {
    const fetched = vi.spyOn(globalThis, "fetch");
    expect(await generate(path, { ...body, [url]: address })).toMatchObject({ status: 400, body: { data: { issues: [{ path: url }] } } });
    expect(fetched).not.toHaveBeenCalled();
  });

  test.each(["", "a.png", "ftp://a.example.com/a.png", "file:///etc/passwd", "javascript:alert(1)", 7, null, {}])(
    "has no address %j",
    async (address) => {
      expect(await generate(path, { ...body, [url]: address })).toMatchObject({
        status: 400,
        body: { code: 400, data: { issues: [{ path: url }] } },
      });
    },
  );
});

describe("a picture by its address", () => {
  const address = "https://pictures.example.com/cat.jpg";
  const upscale = (imageUrl: string, caller = user) => generate("upscale", { imageUrl }, caller);

  test("is fetched here, judged by its bytes, and given to the agent from here", async () => {
    vi.spyOn(globalThis, "fetch").mockImplementation(
      async () => new Response(JPEG(300, 200), { headers: { "Content-Type": "text/html" } }),
    );
    expect(await upscale(address)).toMatchObject({ status: 200 });
    const offer = await agent.acceptOffer();
    expect(offer.task.parameters).toEqual({ model: "RealESRGAN", scaleFactor: 2, imageWidth: 300, imageHeight: 200 });
    const [input] = offer.inputs;
    expect((await fetchInput(input!.url, offer.upload.grant)).bytes).toEqual(JPEG(300, 200));
    await finish(offer);
  });

  test.each([
    ["a page", () => new Response("<html>"), 415, "E004"],
    ["nothing", () => new Response(null, { status: 404 }), 400, 400],
    ["a redirect inwards", () => new Response(null, { status: 302, headers: { Location: "http://10.0.0.1/" } }), 400, 400],
    ["a redirect to itself", () => new Response(null, { status: 302, headers: { Location: address } }), 400, 400],
    ["eleven megabytes", () => new Response(new Uint8Array(11 * 1024 * 1024)), 413, "E005"],
  ] as const)("that leads to %s is refused", async (_what, page, status, code) => {
    vi.spyOn(globalThis, "fetch").mockImplementation(async () => page());
    expect(await upscale(address)).toMatchObject({ status, body: { code, data: { issues: [{ path: "imageUrl" }] } } });
  });

  test("of one's own upload and one's own result is looked up, never fetched; a stranger's is not there", async () => {
    const fetched = vi.spyOn(globalThis, "fetch");
    const deps = {
      ...createInputStore(openDatabase(env.DB), env.FILES),
      randomBytes: (n: number) => crypto.getRandomValues(new Uint8Array(n)),
      moderate: async () => {},
    };
    const upload = await storeInput(deps, user.id, PICTURE, Date.now());
    const { taskId } = await accepted("upscale", { imageUrl: `${ORIGIN}/files/${upload.fileKey}` });
    const offer = await agent.acceptOffer();
    expect(offer.inputs).toMatchObject([{ sha256: upload.sha256 }]);
    await finish(offer);
    const [result] = (await detailOf(user, taskId))["results"] as { url: string }[];
    expect(await upscale(result!.url)).toMatchObject({ status: 200 });
    await agent.acceptOffer();

    const refused = { status: 400, body: { code: 400, data: { issues: [{ path: "imageUrl" }] } } };
    for (const own of [`${ORIGIN}/files/${upload.fileKey}`, result!.url]) expect(await upscale(own, stranger)).toMatchObject(refused);
    for (const path of ["/files/inputs/none.png", "/files/../secret", "/api/v1/users/profile", "/", "/files/"]) {
      expect(await upscale(`${ORIGIN}${path}`), `own ${path}`).toMatchObject(refused);
    }
    expect(fetched).not.toHaveBeenCalled();
  });

  test("is private: nobody reads an input by its key", async () => {
    await accepted("upscale", { imageBase64 });
    await agent.acceptOffer();
    for (const key of await storedInputs()) expect((await call("GET", `/files/${key}`)).status).toBe(404);
  });
});

describe("an agent's way to a picture", () => {
  test("is its attempt's grant, for its own attempt alone", async () => {
    await accepted("upscale", { imageBase64 });
    const first = await agent.acceptOffer();
    await accepted("upscale", { imageBase64 });
    const second = await agent.acceptOffer();
    const url = first.inputs[0]!.url;
    expect((await fetchInput(url, first.upload.grant)).status).toBe(200);
    expect((await fetchInput(url, second.upload.grant)).status).toBe(401);
    expect((await fetchInput(url, user.token)).status).toBe(401);
    expect((await call("GET", new URL(url).pathname)).status).toBe(401);
    expect((await fetchInput(url.replace(/0$/, "1"), first.upload.grant)).status).toBe(400);
  });

  test("ends when the picture has been deleted", async () => {
    await accepted("upscale", { imageBase64 });
    const offer = await agent.acceptOffer();
    await removeExpiredInputs(env, Number.MAX_SAFE_INTEGER);
    expect((await fetchInput(offer.inputs[0]!.url, offer.upload.grant)).status).toBe(404);
  });
});

describe("an input", () => {
  test("is deleted once its time is over, and its task cannot be repeated then", async () => {
    const { taskId } = await accepted("upscale", { imageBase64 });
    await agent.acceptOffer();
    await call("DELETE", `/api/v1/tasks/${taskId}`, { token: user.token });
    await removeExpiredInputs(env, Date.now() + DEFAULTS.retentionMs - 60_000);
    expect(await storedInputs()).not.toEqual([]);
    await removeExpiredInputs(env, Date.now() + DEFAULTS.retentionMs + 60_000);
    expect(await storedInputs()).toEqual([]);
    expect(await call("POST", `/api/v1/tasks/${taskId}/retry`, { token: user.token })).toMatchObject({ status: 400, body: { code: 400 } });
  });
});

describe("a video", () => {
  test("is a result like a picture, with a picture as its thumbnail", async () => {
    const { taskId } = await accepted("text2video", { prompt: "a cat runs", width: 128, height: 64 });
    const offer = await agent.acceptOffer();
    const video = anMp4(128, 64);
    expect(await put(`${offer.upload.url}/0/thumbnail`, offer.upload.grant, video, await sha256Of(video))).toMatchObject({
      status: 415,
      body: { code: "E004" },
    });
    await finish(offer);
    await untilStatus(user, taskId, "COMPLETED");
    const [file] = (await detailOf(user, taskId))["results"] as { url: string }[];
    expect(file).toMatchObject({ format: "MP4", width: 128, height: 64, size: video.length });
    const served = await call("GET", new URL(file!.url).pathname, { headers: { Range: "bytes=4-7" } });
    expect([served.status, served.headers.get("Content-Type"), served.body["text"]]).toEqual([206, "video/mp4", "ftyp"]);
  });
});

describe("a body", () => {
  test("of 14 MB passes where a picture may be in it, and nowhere else; larger is E005", async () => {
    const large = "A".repeat(14 * 1024 * 1024);
    const notAPicture = await generate("upscale", { imageBase64: large });
    expect(notAPicture.body["message"]).toContain("imageBase64");
    expect(await generate("text2img", { prompt: large })).toMatchObject({ status: 413, body: { code: "E005" } });
    expect(await generate("upscale", { imageBase64: "A".repeat(15 * 1024 * 1024) })).toMatchObject({ status: 413, body: { code: "E005" } });
  });
});

describe("a model's limits", () => {
  test("are held, and name the field", async () => {
    const db = openDatabase(env.DB);
    await db.insert(models).values({
      name: "narrow",
      types: ["TEXT2IMG", "TEXT2VIDEO"],
      enabled: true,
      priceCredits: 0,
      limits: { sizeMultiple: 64, maxPixels: 512 * 512, maxSteps: 10, defaultSteps: 4, maxDuration: 2, maxFps: 10, maxBatchSize: 1 },
      createTime: 0,
    });
    const small = { prompt: "x", modelName: "narrow", width: 512, height: 512, duration: 2 };
    const cases = [
      ["text2img", { width: 520 }, "width"],
      ["text2img", { height: 576 }, "width"],
      ["text2img", { steps: 11 }, "steps"],
      ["text2img", { batchSize: 2 }, "batchSize"],
      ["text2video", { duration: 3 }, "duration"],
      ["text2video", { fps: 11 }, "fps"],
    ] as const;
    for (const [path, change, field] of cases) {
      expect(await generate(path, { ...small, ...change }), `field ${field}`).toMatchObject({
        status: 400,
        body: { data: { issues: [{ path: field }] } },
      });
    }
    // Nobody runs it: what fits comes as far as the question who could.
    expect(await generate("text2img", small)).toMatchObject({ status: 503, body: { code: "E007" } });
  });
});

describe("a retry", () => {
  const retry = (taskId: string, caller = user, headers: Record<string, string> = {}) =>
    call("POST", `/api/v1/tasks/${taskId}/retry`, { token: caller.token, headers });

  test("makes a new task of a cancelled one: same parameters, seed and picture, paid anew", async () => {
    const { taskId, cost } = await accepted("img2img", { prompt: "油画", imageBase64, clientId: "mine" });
    const first = await agent.acceptOffer();
    await call("DELETE", `/api/v1/tasks/${taskId}`, { token: user.token });
    await agent.next("cancel");
    agent.send({ type: "stopped", attemptId: first.attemptId });

    const answer = await retry(taskId);
    expect(answer).toMatchObject({ status: 200, body: { code: 200, message: "任务重试成功" } });
    const { newTaskId, ...rest } = dataOf<{ newTaskId: string; queuePosition: number }>(answer);
    expect([newTaskId.startsWith("i2i_"), newTaskId === taskId, rest]).toEqual([true, false, { queuePosition: 0 }]);
    expect(await balanceOf(user)).toMatchObject({ freezed: cost });
    const second = await agent.acceptOffer();
    expect(second.task).toEqual(first.task);
    expect(second.inputs).toMatchObject([{ sha256: first.inputs[0]!.sha256 }]);
    expect((await fetchInput(second.inputs[0]!.url, second.upload.grant)).bytes).toEqual(PICTURE);
    expect(await detailOf(user, newTaskId)).toMatchObject({ clientId: "mine", cost });
    await finish(second);
    await untilStatus(user, newTaskId, "COMPLETED");
  });

  test("is only for what failed or was cancelled, and only for its owner", async () => {
    const { taskId } = await accepted("text2img", { prompt: "a cat" });
    const offer = await agent.acceptOffer();
    expect(await retry(taskId)).toMatchObject({ status: 400, body: { code: 400 } });
    expect((await retry(taskId, stranger)).status).toBe(404);
    await finish(offer);
    await untilStatus(user, taskId, "COMPLETED");
    expect((await retry(taskId)).status).toBe(400);
    expect((await retry("t2i_20240101_000000000000")).status).toBe(404);
  });

  test("of a failed task is one task, however often it is repeated with the same key", async () => {
    const { taskId } = await accepted("text2img", { prompt: "a cat" });
    const { attemptId } = await agent.acceptOffer();
    agent.send({ type: "failed", attemptId, error: "MODEL_LOAD_FAILED", message: "no weights", retryable: false });
    await untilStatus(user, taskId, "FAILED");
    const answers = await Promise.all([1, 2, 3].map(() => retry(taskId, user, { "Idempotency-Key": "again" })));
    const ids = answers.map((answer) => dataOf<{ newTaskId: string }>(answer).newTaskId);
    expect(new Set(ids).size).toBe(1);
    await agent.acceptOffer();
    expect(await balanceOf(user)).toMatchObject({ freezed: 10 });
  });

  test("of a task whose picture is gone is a bad request", async () => {
    const { taskId } = await accepted("upscale", { imageBase64 });
    await agent.acceptOffer();
    await call("DELETE", `/api/v1/tasks/${taskId}`, { token: user.token });
    await removeExpiredInputs(env, Number.MAX_SAFE_INTEGER);
    expect(await retry(taskId)).toMatchObject({ status: 400, body: { code: 400 } });
    expect(await balanceOf(user)).toMatchObject({ freezed: 0 });
  });
});
