import { Text2ImgBody } from "@star-graph/shared/rest/generate";
import { Hono } from "hono";
import type { AppEnv } from "../env.ts";
import { ok } from "../http/envelope.ts";
import { requireUser } from "../http/require-user.ts";
import { validate } from "../http/validate.ts";
import { submitText2Img } from "./submit-task.ts";

/** Spec chapters 5 and 6. */
export const generate = new Hono<AppEnv>().use(requireUser).post("/text2img", validate("json", Text2ImgBody), async (c) => {
  const answer = await submitText2Img(c.var.deps, c.var.user.id, c.req.valid("json"), Date.now());
  return ok(c, answer, { message: "TASK_CREATED", topLevel: ["taskId", "queuePosition", "estimatedTime", "cost"] });
});
