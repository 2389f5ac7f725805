import { AppError } from "@star-graph/shared/errors";
import {
  BatchAnswer,
  BatchBody,
  BatchFrame,
  GENERATE_BODIES,
  GenerateAnswer,
  type GenerateRequest,
  QuoteAnswer,
  toGenerateRequest,
  TypedBody,
} from "@star-graph/shared/rest/generate";
import { type Context, Hono } from "hono";
import type { AppEnv } from "../env.ts";
import { ok } from "../http/envelope.ts";
import { requireUser } from "../http/require-user.ts";
import { readValue } from "../http/read-value.ts";
import { operation } from "../http/route-facts.ts";
import { validate } from "../http/validate.ts";
import { requestKey } from "../idempotency/request-key.ts";
import { toBatchAnswer } from "./batch-answer.ts";
import { GENERATE_SUCCESS, GENERATE_TOP_LEVEL } from "./present-answer.ts";
import { quote } from "./quote.ts";
import { submitBatch } from "./submit-batch.ts";
import { submitOnce } from "./submit-once.ts";

const COMMON = {
  tag: "Generate 生成",
  answer: GenerateAnswer,
  success: GENERATE_SUCCESS.TEXT2IMG,
  answerHeaders: ["RateLimit"],
  topLevel: GENERATE_TOP_LEVEL,
  headers: { "Idempotency-Key": "the same key and body get the same answer for 24 h" },
} as const;
const ERRORS = ["INSUFFICIENT_CREDITS", "QUEUE_FULL", "SENSITIVE_CONTENT", "NO_GPU"] as const;
const PICTURE_ERRORS = [...ERRORS, "UNSUPPORTED_IMAGE", "FILE_TOO_LARGE"] as const;

const TEXT2IMG = operation({ ...COMMON, summary: "A picture from words / 文生图", errors: ERRORS });
const IMG2IMG = operation({
  ...COMMON,
  success: GENERATE_SUCCESS.IMG2IMG,
  summary: "A picture from a picture / 图生图",
  errors: PICTURE_ERRORS,
});
const UPSCALE = operation({ ...COMMON, success: GENERATE_SUCCESS.UPSCALE, summary: "A larger picture / 画质提升", errors: PICTURE_ERRORS });
const POSE = operation({
  ...COMMON,
  success: GENERATE_SUCCESS.POSE,
  summary: "A picture from a pose, edges or depth / 姿势控制",
  errors: PICTURE_ERRORS,
});
const TEXT2VIDEO = operation({ ...COMMON, summary: "A video from words / 文生视频", success: GENERATE_SUCCESS.TEXT2VIDEO, errors: ERRORS });
const IMG2VIDEO = operation({
  ...COMMON,
  summary: "A video from a picture / 图生视频",
  success: GENERATE_SUCCESS.IMG2VIDEO,
  errors: PICTURE_ERRORS,
});
const QUOTE = operation({
  tag: "Generate 生成",
  summary: "What a submission would cost and be told now / 询价",
  description: "The body of any submission, with its `type`. Nothing is stored, held or queued.",
  answer: QuoteAnswer,
  errors: ["SENSITIVE_CONTENT", "UNSUPPORTED_IMAGE", "FILE_TOO_LARGE"],
});
const BATCH = operation({
  tag: "Generate 生成",
  summary: "Up to 50 submissions at once / 批量提交",
  description:
    "Each is checked, held, taken or refused by itself, in their order; `results` has what each would have been answered alone: a malformed one code 400 and `data.issues`.",
  answer: BatchAnswer,
  answerHeaders: ["RateLimit"],
  headers: COMMON.headers,
});

/** Spec chapters 5 and 6, and what goes beyond them. */
export const generate = new Hono<AppEnv>()
  .use(requireUser)
  .post("/text2img", TEXT2IMG, validate("json", GENERATE_BODIES.TEXT2IMG), (c) => {
    return submit(c, { type: "TEXT2IMG", body: c.req.valid("json") });
  })
  .post("/img2img", IMG2IMG, validate("json", GENERATE_BODIES.IMG2IMG), (c) => {
    return submit(c, { type: "IMG2IMG", body: c.req.valid("json") });
  })
  .post("/upscale", UPSCALE, validate("json", GENERATE_BODIES.UPSCALE), (c) => {
    return submit(c, { type: "UPSCALE", body: c.req.valid("json") });
  })
  .post("/pose", POSE, validate("json", GENERATE_BODIES.POSE), (c) => {
    return submit(c, { type: "POSE", body: c.req.valid("json") });
  })
  .post("/text2video", TEXT2VIDEO, validate("json", GENERATE_BODIES.TEXT2VIDEO), (c) => {
    return submit(c, { type: "TEXT2VIDEO", body: c.req.valid("json") });
  })
  .post("/img2video", IMG2VIDEO, validate("json", GENERATE_BODIES.IMG2VIDEO), (c) => {
    return submit(c, { type: "IMG2VIDEO", body: c.req.valid("json") });
  })
  .post("/quote", QUOTE, validate("json", TypedBody), async (c) => {
    return ok(c, await quote(c.var.deps, c.var.user.id, toGenerateRequest(c.req.valid("json")), c.var.language, Date.now()));
  })
  .post("/batch", BATCH, validate("json", BatchFrame, BatchBody), async (c) => {
    const { tasks } = c.req.valid("json");
    const items = tasks.map((task) => readValue(TypedBody, task, c.var.language));
    const asRead = items.map((item, index) => (item instanceof AppError ? tasks[index] : item));
    const key = await requestKey(c.req.header("Idempotency-Key"), "batch", { tasks: asRead });
    const outcomes = await submitBatch(c.var.deps, c.var.user.id, items, key, Date.now());
    return ok(c, toBatchAnswer(outcomes, c.var.language));
  });

async function submit(c: Context<AppEnv>, request: GenerateRequest) {
  return ok(c, await submitOnce(c.var.deps, c.var.user.id, request, c.req.header("Idempotency-Key"), Date.now()));
}
