import type { z } from "zod";
import type { DescribedRoute } from "../http/route-facts.ts";
import { toJsonSchema } from "./json-schema.ts";
import { sampleOf } from "./sample.ts";

interface Example {
  request?: object;
  /** The envelope's `data`. */
  data?: object;
}

const TEXT2IMG = {
  prompt: "一只可爱的猫咪在花园里玩耍",
  negativePrompt: "低质量,模糊,变形",
  modelName: "stable-diffusion-xl-base-1.0",
  width: 1024,
  height: 1024,
  steps: 30,
  cfgScale: 7.5,
  seed: -1,
  sampler: "euler",
  scheduler: "normal",
  denoise: 1,
  batchSize: 1,
  clientId: "optional_client_id",
};
const CREATED = { taskId: "t2i_20241002_123456", queuePosition: 3, estimatedTime: 30, cost: 10 };
const CREATED_VIDEO = {
  taskId: "t2v_20241002_123456",
  queuePosition: 2,
  estimatedTime: 120,
  duration: 4,
  fps: 8,
  totalFrames: 32,
  cost: 30,
};
/** The document's picture is cut short; this is a whole one of one pixel. */
const PICTURE = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
const TOKEN = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9...";
const page = (line: object, totalElements: number, totalPages: number) => ({
  content: [line],
  totalElements,
  totalPages,
  page: 1,
  pageSize: 20,
});

/** What the document shows of its own operations (spec 2 to 7), and what no sample can guess, by method and path. */
export const EXAMPLES: Readonly<Record<string, Example>> = {
  "POST /api/v1/auth/login": {
    request: { username: "user123", password: "482c811da5d5b4bc6d497ffa98491e38" },
    data: {
      token: TOKEN,
      refreshToken: TOKEN,
      expiresIn: 86_400,
      user: { id: 1001, username: "user123", nickname: "用户123", avatar: "https://cdn.star-graph.com/avatar/default.png", role: "USER" },
    },
  },
  "POST /api/v1/auth/refresh": { data: { token: TOKEN, expiresIn: 86_400 } },
  "GET /api/v1/users/profile": {
    data: {
      id: 1001,
      username: "user123",
      nickname: "用户123",
      email: "user123@example.com",
      phone: "13800138000",
      avatar: "https://cdn.star-graph.com/avatar/1001.png",
      balance: 1000,
      vipLevel: 1,
      vipExpireTime: "2024-12-31T23:59:59",
      createTime: "2024-01-01T00:00:00",
      updateTime: "2024-10-02T12:00:00",
    },
  },
  "PUT /api/v1/users/profile": {
    request: { nickname: "新昵称", email: "newemail@example.com", phone: "13900139000", avatar: PICTURE },
  },
  "GET /api/v1/users/balance": { data: { balance: 1000, freezed: 50, available: 950, todayUsed: 100, monthUsed: 500 } },
  "GET /api/v1/users/fund-records": {
    data: page(
      {
        id: 10_001,
        type: "DEDUCT",
        amount: -10,
        balance: 990,
        reason: "文生图生成",
        taskId: "task_123456",
        createTime: "2024-10-02T10:30:00",
      },
      100,
      5,
    ),
  },
  "PATCH /api/v1/admin/users/{userId}": { request: { vipLevel: 2, vipExpireTime: "2024-12-31T23:59:59" } },
  "PATCH /api/v1/admin/models/{modelName}": { request: { price: 12 } },
  "POST /api/v1/generate/text2img": { request: TEXT2IMG, data: CREATED },
  "POST /api/v1/generate/img2img": {
    request: {
      prompt: "将图片转换为油画风格",
      negativePrompt: "低质量",
      imageBase64: PICTURE,
      strength: 0.7,
      modelName: "stable-diffusion-v1-5",
      width: 512,
      height: 512,
      steps: 20,
      cfgScale: 7,
      seed: -1,
    },
    data: { ...CREATED, taskId: "i2i_20241002_123456" },
  },
  "POST /api/v1/generate/upscale": {
    request: { imageUrl: "https://example.com/image.jpg", scaleFactor: 2, model: "RealESRGAN" },
    data: { ...CREATED, taskId: "ups_20241002_123456" },
  },
  "POST /api/v1/generate/pose": {
    request: {
      prompt: "一个穿着红色裙子的女孩",
      poseImageUrl: "https://example.com/pose.jpg",
      controlType: "openpose",
      controlStrength: 1,
      modelName: "stable-diffusion-v1-5",
      width: 512,
      height: 768,
    },
    data: { ...CREATED, taskId: "pose_20241002_123456" },
  },
  "POST /api/v1/generate/text2video": {
    request: {
      prompt: "一只猫在草地上奔跑",
      negativePrompt: "低质量,模糊",
      modelName: "stable-video-diffusion",
      width: 512,
      height: 512,
      duration: 4,
      fps: 8,
      motionBucketId: 127,
      cfgScale: 7.5,
      steps: 25,
      seed: -1,
    },
    data: CREATED_VIDEO,
  },
  "POST /api/v1/generate/img2video": {
    request: {
      imageUrl: "https://example.com/image.jpg",
      prompt: "让画面动起来",
      modelName: "stable-video-diffusion-img2vid",
      duration: 4,
      fps: 8,
      motionBucketId: 127,
      augmentationLevel: 0,
      cfgScale: 2.5,
      steps: 25,
      seed: -1,
      videoLoop: false,
    },
    data: { ...CREATED_VIDEO, taskId: "i2v_20241002_123456" },
  },
  "GET /api/v1/tasks": {
    data: page(
      {
        id: "t2i_20241002_123456",
        type: "TEXT2IMG",
        status: "COMPLETED",
        progress: 100,
        prompt: "一只可爱的猫咪",
        results: ["https://cdn.star-graph.com/output/image1.png"],
        cost: 10,
        createTime: "2024-10-02T10:00:00",
        completeTime: "2024-10-02T10:00:30",
      },
      50,
      3,
    ),
  },
  "GET /api/v1/tasks/{taskId}": {
    data: {
      id: "t2i_20241002_123456",
      type: "TEXT2IMG",
      status: "COMPLETED",
      progress: 100,
      prompt: "一只可爱的猫咪在花园里玩耍",
      negativePrompt: "低质量,模糊",
      parameters: { modelName: "stable-diffusion-xl-base-1.0", width: 1024, height: 1024, steps: 30, cfgScale: 7.5, seed: 123_456_789 },
      results: [
        {
          url: "https://cdn.star-graph.com/output/image1.png",
          thumbnailUrl: "https://cdn.star-graph.com/output/image1_thumb.png",
          size: 2_048_576,
          width: 1024,
          height: 1024,
          format: "PNG",
          expireTime: "2024-11-01T10:00:30",
        },
      ],
      cost: 10,
      queueTime: 5,
      processTime: 25,
      createTime: "2024-10-02T10:00:00",
      startTime: "2024-10-02T10:00:05",
      completeTime: "2024-10-02T10:00:30",
    },
  },
  "DELETE /api/v1/tasks/{taskId}": { data: { taskId: "t2i_20241002_123456", refund: 10 } },
  "POST /api/v1/tasks/{taskId}/retry": { data: { newTaskId: "t2i_20241002_789012", queuePosition: 5 } },
};

const exampleOf = ({ method, path }: Pick<DescribedRoute, "method" | "path">): Example => EXAMPLES[`${method} ${path}`] ?? {};

/** A body for the route: the document's own, or one that fits. */
export const bodyExample = (route: DescribedRoute, body: z.ZodType): unknown =>
  exampleOf(route).request ?? sampleOf(toJsonSchema(body, "input"));

/** The `data` that the route answers: the document's own, with what we answer beyond it, or one that fits. */
export const dataExample = (route: DescribedRoute, answer: z.ZodType): object =>
  Object.assign({}, exampleOf(route).data, sampleOf(toJsonSchema(answer, "output")), exampleOf(route).data);
