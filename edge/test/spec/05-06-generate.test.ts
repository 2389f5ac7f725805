import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { EXAMPLES } from "../../src/openapi/examples.ts";
import { dataOf } from "../worker/system-of-one.ts";
import { PNG_BASE64 } from "./pictures.ts";
import { aDocumentedSystem, type DocumentedSystem } from "./system.ts";

const PICTURE = `data:image/png;base64,${PNG_BASE64}`;

let system: DocumentedSystem;
beforeAll(async () => {
  system = await aDocumentedSystem();
});
afterAll(() => system.agent.leave());

/** The document's own request; its pictures on other hosts become one that is here. */
function documented(route: string): Record<string, unknown> {
  const { imageUrl, poseImageUrl, ...request } = (EXAMPLES[`POST /api/v1/generate/${route}`]?.request ?? {}) as Record<string, unknown>;
  return {
    ...request,
    ...((imageUrl !== undefined || request["imageBase64"] !== undefined) && { imageBase64: PICTURE }),
    ...(poseImageUrl !== undefined && { poseImageBase64: PICTURE }),
  };
}

/** Beside the document's own, under data alone: how wrong its estimate may be. */
const MORE = { estimatedTimeRange: { low: expect.any(Number), high: expect.any(Number) } };
const IMAGE = { queuePosition: expect.any(Number), estimatedTime: expect.any(Number), cost: expect.any(Number) };
const VIDEO = { ...IMAGE, duration: 4, fps: 8, totalFrames: 32 };

describe.each([
  ["5.1", "text2img", "t2i", "任务创建成功", { ...IMAGE, cost: 10 }],
  ["5.2", "img2img", "i2i", "任务创建成功", IMAGE],
  ["5.3", "upscale", "ups", "任务创建成功", IMAGE],
  ["5.4", "pose", "pose", "任务创建成功", IMAGE],
  ["6.1", "text2video", "t2v", "文生视频任务已提交", { ...VIDEO, cost: 30 }],
  ["6.2", "img2video", "i2v", "图生视频任务已提交", VIDEO],
] as const)("%s %s", (_section, route, prefix, message, fields) => {
  test("takes the document's request and answers as it shows, under data and at the top level", async () => {
    const { status, body } = await system.ask("POST", `/generate/${route}`, documented(route));
    expect(body).toMatchObject({ code: 200, message });
    expect(status).toBe(200);
    const data = { taskId: expect.stringMatching(new RegExp(`^${prefix}_\\d{8}_\\d{12,}$`)), ...fields };
    expect(body["data"]).toEqual({ ...data, ...MORE });
    expect(body).toMatchObject(data);
  });
});

describe("a picture that is handed in", () => {
  test.each([
    ["img2img", "imageBase64", "imageUrl"],
    ["upscale", "imageBase64", "imageUrl"],
    ["pose", "poseImageBase64", "poseImageUrl"],
    ["img2video", "imageBase64", "imageUrl"],
  ])("is given to %s exactly once", async (route, base64, url) => {
    const { [base64]: _, ...none } = documented(route);
    expect((await system.ask("POST", `/generate/${route}`, none)).status).toBe(400);
    const both = { ...none, [base64]: PICTURE, [url]: "https://example.com/image.jpg" };
    expect((await system.ask("POST", `/generate/${route}`, both)).status).toBe(400);
  });

  test("is judged by its bytes: E004 for no picture, whatever it calls itself", async () => {
    const gif = `data:image/png;base64,${btoa("GIF89a and so on")}`;
    const { status, body } = await system.ask("POST", "/generate/upscale", { imageBase64: gif });
    expect([status, body["code"]]).toEqual([415, "E004"]);
  });

  test("is at most 10 MB: E005", async () => {
    const large = "A".repeat(4 * Math.ceil((10 * 1024 * 1024 + 3) / 3));
    const { status, body } = await system.ask("POST", "/generate/upscale", { imageBase64: large });
    expect([status, body["code"]]).toEqual([413, "E005"]);
  });

  test.each([
    "http://127.0.0.1/a.png",
    "http://[::ffff:10.0.0.1]/a.png",
    "http://169.254.169.254/",
    "http://2130706433/",
    "ftp://example.com/a.png",
  ])("is not fetched from %s", async (imageUrl) => {
    expect((await system.ask("POST", "/generate/upscale", { imageUrl })).status).toBe(400);
  });
});

describe("defaults and bounds", () => {
  test("are the document's, with a drawn seed", async () => {
    const { taskId } = dataOf<{ taskId: string }>(await system.ask("POST", "/generate/text2img", { prompt: "一只可爱的猫咪" }));
    const detail = dataOf<{ parameters: { seed: number }; negativePrompt: string }>(await system.ask("GET", `/tasks/${taskId}`));
    expect(detail.parameters).toMatchObject({
      modelName: "stable-diffusion-xl-base-1.0",
      width: 1024,
      height: 1024,
      steps: 30,
      cfgScale: 7.5,
      sampler: "euler",
      scheduler: "normal",
      denoise: 1,
      batchSize: 1,
    });
    expect(detail.negativePrompt).toBe("");
    expect(detail.parameters.seed).toBeGreaterThanOrEqual(0);
  });

  test.each([
    ["text2img", { prompt: "a", modelName: "no-such-model" }],
    ["img2img", { prompt: "a", imageBase64: PICTURE, strength: 1.1 }],
    ["upscale", { imageBase64: PICTURE, scaleFactor: 3 }],
    ["pose", { prompt: "a", poseImageBase64: PICTURE, controlType: "hands" }],
    ["pose", { prompt: "a", poseImageBase64: PICTURE, controlStrength: 2.1 }],
    ["text2video", { prompt: "a", motionBucketId: 0 }],
    ["text2video", { prompt: "a", motionBucketId: 256 }],
    ["img2video", { imageBase64: PICTURE, augmentationLevel: 1.5 }],
    ["img2video", { imageBase64: PICTURE, videoLoop: "yes" }],
  ])("refuse %s %j", async (route, body) => {
    expect((await system.ask("POST", `/generate/${route}`, body)).status).toBe(400);
  });
});
