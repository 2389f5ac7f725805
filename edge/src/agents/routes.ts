import { AGENT_SOCKET_PATH, INPUT_PATH } from "@star-graph/shared/agent-protocol";
import { DEFAULTS } from "@star-graph/shared/defaults";
import { AppError } from "@star-graph/shared/errors";
import { type Context, Hono } from "hono";
import { z } from "zod";
import type { AppEnv } from "../env.ts";
import { type Grant, readGrant } from "../files/grant.ts";
import { fileName, resultFolder, thumbnailName } from "../files/keys.ts";
import { inspectPicture, inspectResult } from "../files/inspect.ts";
import { receiveUpload, type Upload } from "../files/receive-upload.ts";
import { ok } from "../http/envelope.ts";
import { bearerToken } from "../http/require-user.ts";
import { operation } from "../http/route-facts.ts";
import { validate } from "../http/validate.ts";
import { openInput } from "../inputs/open-input.ts";
import { hashAgentKey } from "./agent-key.ts";
import { discardLateUpload } from "./discard-late-upload.ts";

const UploadParam = z.object({ attemptId: z.string().min(1).max(64), index: z.coerce.number().int().min(0).max(63) });

/** A task has one picture so far. */
const InputParam = z.object({ attemptId: z.string().min(1).max(64), index: z.literal("0") });

const tag = "Agents 代理";
const BYTES = { "application/octet-stream": { schema: {} } };
const HEADERS = { "Content-Digest": "`sha-256=:…:` of the bytes; required" };
const Received = z.object({ attemptId: z.string(), size: z.int().describe("bytes") });
const UPLOAD = {
  tag,
  answer: Received,
  caller: "agent",
  consumes: BYTES,
  headers: HEADERS,
  errors: ["BAD_REQUEST", "FORBIDDEN", "UNSUPPORTED_IMAGE", "FILE_TOO_LARGE"],
} as const;
const SOCKET = operation({ tag, summary: "An agent's line / 代理连接", caller: "agent", upgrades: true, errors: ["BAD_REQUEST"] });
const RESULT = operation({ ...UPLOAD, summary: "A finished file of an attempt / 上传结果" });
const THUMBNAIL = operation({ ...UPLOAD, summary: "Its thumbnail / 上传缩略图" });
const INPUT = operation({
  tag,
  summary: "The picture that an attempt's task works on / 输入图片",
  caller: "agent",
  contentType: "image/*",
  errors: ["FORBIDDEN", "NOT_FOUND"],
});

const GIVEN_AWAY = { zh: "该次执行已不再有效", en: "This attempt no longer holds its task" };

/** What agents use: their socket, the pictures that their tasks work on, and the upload of their results. */
export const agents = new Hono<AppEnv>()
  .get(AGENT_SOCKET_PATH, SOCKET, async (c) => {
    if (c.req.header("Upgrade")?.toLowerCase() !== "websocket") {
      throw new AppError("BAD_REQUEST", { text: { zh: "此地址只接受 WebSocket", en: "This address takes WebSockets only" } });
    }
    const key = bearerToken(c.req.header("Authorization"));
    const owner = key ? await c.var.deps.findAgentKey(await hashAgentKey(key)) : null;
    if (!owner)
      throw new AppError("UNAUTHORIZED", { text: { zh: "代理密钥无效或已撤销", en: "The agent key is not valid or was revoked" } });
    await c.var.deps.touchAgentKey(owner.id, Date.now());
    return c.var.deps.openAgentSocket(owner, c.req.raw);
  })
  .put("/agent/v1/attempts/:attemptId/files/:index", RESULT, validate("param", UploadParam), (c) => {
    const { attemptId, index } = c.req.valid("param");
    const nameOf = (extension: string) => fileName(index, extension);
    return upload(c, attemptId, { nameOf, maxBytes: DEFAULTS.maxResultBytes, inspect: inspectResult });
  })
  .put("/agent/v1/attempts/:attemptId/files/:index/thumbnail", THUMBNAIL, validate("param", UploadParam), (c) => {
    const { attemptId, index } = c.req.valid("param");
    const nameOf = (extension: string) => thumbnailName(index, extension);
    return upload(c, attemptId, { nameOf, maxBytes: DEFAULTS.maxThumbnailBytes, inspect: inspectPicture });
  })
  .get(INPUT_PATH, INPUT, validate("param", InputParam), async (c) => {
    const { attemptId } = c.req.valid("param");
    const grant = await grantFor(c, attemptId);
    const { contentType, size, sha256, body } = await openInput(c.var.deps, grant);
    const headers = { "Content-Type": contentType, "Content-Length": String(size), "Cache-Control": "private, no-store" };
    return c.body(body, 200, { ...headers, "Content-Digest": `sha-256=:${Buffer.from(sha256, "hex").toString("base64")}:` });
  });

async function grantFor(c: Context<AppEnv>, attemptId: string): Promise<Grant> {
  const grant = await readGrant(c.var.deps.tokenSecret, bearerToken(c.req.header("Authorization")) ?? "");
  if (grant?.attemptId !== attemptId) throw new AppError("UNAUTHORIZED");
  return grant;
}

async function upload(c: Context<AppEnv>, attemptId: string, what: Pick<Upload, "nameOf" | "maxBytes" | "inspect">): Promise<Response> {
  const { deps } = c.var;
  const grant = await grantFor(c, attemptId);
  if (!(await deps.mayUpload(grant, attemptId))) {
    throw new AppError("FORBIDDEN", { text: GIVEN_AWAY });
  }
  const size = Number(c.req.header("Content-Length") ?? NaN);
  const digest = /(?:^|[\s,])sha-256=:([A-Za-z0-9+/]{43}=):/i.exec(c.req.header("Content-Digest") ?? "")?.[1];
  if (!c.req.raw.body || !Number.isSafeInteger(size) || size <= 0 || !digest) {
    throw new AppError("BAD_REQUEST", {
      text: { zh: "需要 Content-Length 与 Content-Digest (sha-256)", en: "Content-Length and Content-Digest (sha-256) are required" },
    });
  }
  const sha256 = Buffer.from(digest, "base64").toString("hex");
  const folder = await resultFolder(deps.tokenSecret, attemptId);
  await receiveUpload(deps.files, { folder, ...what, size, sha256, body: c.req.raw.body });
  // Given away while the bytes came in: what has just been stored is nobody's.
  if (!(await deps.mayUpload(grant, attemptId))) {
    await discardLateUpload(deps, attemptId, folder);
    throw new AppError("FORBIDDEN", { text: GIVEN_AWAY });
  }
  return ok(c, { attemptId, size });
}
