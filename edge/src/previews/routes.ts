import { PREVIEW_PATH } from "@star-graph/shared/agent-protocol";
import { AppError } from "@star-graph/shared/errors";
import { Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { z } from "zod";
import type { AppEnv } from "../env.ts";
import { readGrant } from "../files/grant.ts";
import { bearerToken } from "../http/require-user.ts";
import { operation } from "../http/route-facts.ts";
import { validate } from "../http/validate.ts";
import { PREVIEW_LIMITS, takePreview } from "./take-preview.ts";

const AttemptParam = z.object({ attemptId: z.string().min(1).max(64) });
const PreviewParam = z.object({
  hub: z.string().regex(/^[0-9a-f]{64}$/),
  token: z.string().regex(/^[0-9a-f]{32}$/),
  version: z.string().max(12),
});

const TAKE = operation({
  tag: "Agents 代理",
  summary: "A small picture of the running step / 上传预览图",
  description: "PNG, JPEG or WebP, at most 256 pixels and 20 KB, at most one a second. 204 when it is taken.",
  caller: "agent",
  consumes: { "image/*": { schema: {} } },
  noContent: true,
  errors: ["FORBIDDEN", "UNSUPPORTED_IMAGE", "FILE_TOO_LARGE", "TOO_MANY_REQUESTS"],
});
const SHOW = operation({
  tag: "Files 文件",
  summary: "The running step of a task / 预览图",
  description: "The `previewUrl` of a progress message: always the newest picture; gone with the end of the task.",
  contentType: "image/*",
  errors: ["NOT_FOUND"],
});

/** Previews: agents post them, and whoever was given the address in a progress message may look. */
export const previews = new Hono<AppEnv>()
  .post(PREVIEW_PATH, TAKE, validate("param", AttemptParam), limitPreview(), async (c) => {
    const { attemptId } = c.req.valid("param");
    const grant = await readGrant(c.var.deps.tokenSecret, bearerToken(c.req.header("Authorization")) ?? "");
    if (grant?.attemptId !== attemptId) throw new AppError("UNAUTHORIZED");
    await takePreview(c.var.deps, grant, new Uint8Array(await c.req.arrayBuffer()));
    return c.body(null, 204);
  })
  .get("/previews/:hub/:token/:version", SHOW, validate("param", PreviewParam), async (c) => {
    const { hub, token } = c.req.valid("param");
    const picture = await c.var.deps.findPreview(hub, token);
    if (!picture) throw new AppError("NOT_FOUND");
    return c.body(picture.bytes.slice().buffer, 200, {
      "Content-Type": picture.contentType,
      "Cache-Control": "no-store",
      "X-Content-Type-Options": "nosniff",
      "Access-Control-Allow-Origin": "*",
    });
  });

/** Enforced while the body is read: what a header says of its length is not believed. */
function limitPreview() {
  return bodyLimit({
    maxSize: PREVIEW_LIMITS.bytes,
    onError() {
      throw new AppError("FILE_TOO_LARGE", { text: { zh: "预览图超过 20 KB", en: "The preview is larger than 20 KB" } });
    },
  });
}
