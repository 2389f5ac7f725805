import { AppError } from "@star-graph/shared/errors";
import { DeletedFile, UploadItem, UploadPage, UploadParam, UploadQuery } from "@star-graph/shared/rest/resources";
import { Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import type { AppEnv } from "../env.ts";
import { ok } from "../http/envelope.ts";
import { requireUser } from "../http/require-user.ts";
import { operation } from "../http/route-facts.ts";
import { validate } from "../http/validate.ts";
import { MAX_INPUT_BYTES } from "../inputs/judge-picture.ts";
import { storeInput } from "../inputs/store-input.ts";
import { deleteUpload, listUploads, toUploadItem } from "./own-files.ts";
import { readUpload } from "./read-upload.ts";

/** The largest picture, and what a form writes around it. */
const MAX_BODY_BYTES = MAX_INPUT_BYTES + 64 * 1024;

const tag = "Resources 资源";
const PICTURE = { schema: { type: "string", format: "binary" } };
const FORM = { schema: { type: "object", required: ["file"], properties: { file: PICTURE.schema } } };
const UPLOAD = operation({
  tag,
  summary: "Upload a picture for later tasks / 上传图片",
  description: "PNG or JPEG by its bytes, at most 10 MB: as the body itself, or as the field `file` of a form.",
  answer: UploadItem,
  consumes: { "image/png": PICTURE, "image/jpeg": PICTURE, "multipart/form-data": FORM },
  errors: ["UNSUPPORTED_IMAGE", "FILE_TOO_LARGE", "SENSITIVE_CONTENT", "BAD_REQUEST"],
});
const LIST = operation({
  tag,
  summary: "One's own pictures / 我的图片",
  description: "Uploads (`kind` UPLOAD), and what tasks brought in base64 or by its address (TASK). Deleted ones are not in it.",
  answer: UploadPage,
});
const DELETE = operation({
  tag,
  summary: "Delete a picture now / 删除图片",
  description: "Of either kind. Its bytes are gone; a task that has ended and used it cannot be retried. 400 while a task works on it.",
  answer: DeletedFile,
  errors: ["NOT_FOUND", "BAD_REQUEST"],
});

/** `/api/v1/resources/uploads`: mounted before the JSON routes, as these bodies are pictures. */
export const uploads = new Hono<AppEnv>()
  .use(requireUser)
  .use(
    bodyLimit({
      maxSize: MAX_BODY_BYTES,
      onError() {
        throw new AppError("FILE_TOO_LARGE");
      },
    }),
  )
  .post("/", UPLOAD, async (c) => {
    const row = await storeInput(c.var.deps, c.var.user.id, await readUpload(c.req.raw), Date.now());
    return ok(c, toUploadItem(row, c.var.deps.fileUrl));
  })
  .get("/", LIST, validate("query", UploadQuery), async (c) => {
    return ok(c, await listUploads(c.var.deps, c.var.user.id, c.req.valid("query")));
  })
  .delete("/:uploadId", DELETE, validate("param", UploadParam), async (c) => {
    return ok(c, await deleteUpload(c.var.deps, c.req.valid("param").uploadId, c.var.user.id, Date.now()));
  });
