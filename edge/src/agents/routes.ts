import { AGENT_SOCKET_PATH } from "@star-graph/shared/agent-protocol";
import { DEFAULTS } from "@star-graph/shared/defaults";
import { AppError } from "@star-graph/shared/errors";
import { type Context, Hono } from "hono";
import { z } from "zod";
import type { AppEnv } from "../env.ts";
import { readGrant } from "../files/grant.ts";
import { fileName, resultFolder, thumbnailName } from "../files/keys.ts";
import { receiveUpload } from "../files/receive-upload.ts";
import { ok } from "../http/envelope.ts";
import { bearerToken } from "../http/require-user.ts";
import { validate } from "../http/validate.ts";
import { hashAgentKey } from "./agent-key.ts";

const UploadParam = z.object({ attemptId: z.string().min(1).max(64), index: z.coerce.number().int().min(0).max(63) });

/** What agents use: their socket, and the upload of their results. */
export const agents = new Hono<AppEnv>()
  .get(AGENT_SOCKET_PATH, async (c) => {
    if (c.req.header("Upgrade")?.toLowerCase() !== "websocket") {
      throw new AppError("BAD_REQUEST", { text: { zh: "此地址只接受 WebSocket", en: "This address takes WebSockets only" } });
    }
    const key = bearerToken(c.req.header("Authorization"));
    const owner = key ? await c.var.deps.findAgentKey(await hashAgentKey(key)) : null;
    if (!owner)
      throw new AppError("UNAUTHORIZED", { text: { zh: "代理密钥无效或已撤销", en: "The agent key is not valid or was revoked" } });
    return c.var.deps.openAgentSocket(owner, c.req.raw);
  })
  .put("/agent/v1/attempts/:attemptId/files/:index", validate("param", UploadParam), (c) => {
    const { attemptId, index } = c.req.valid("param");
    return upload(c, attemptId, (extension) => fileName(index, extension), DEFAULTS.maxResultBytes);
  })
  .put("/agent/v1/attempts/:attemptId/files/:index/thumbnail", validate("param", UploadParam), (c) => {
    const { attemptId, index } = c.req.valid("param");
    return upload(c, attemptId, (extension) => thumbnailName(index, extension), DEFAULTS.maxThumbnailBytes);
  });

async function upload(c: Context<AppEnv>, attemptId: string, nameOf: (extension: string) => string, maxBytes: number): Promise<Response> {
  const { deps } = c.var;
  const grant = await readGrant(deps.tokenSecret, bearerToken(c.req.header("Authorization")) ?? "");
  if (grant?.attemptId !== attemptId) throw new AppError("UNAUTHORIZED");
  if (!(await deps.mayUpload(grant.pool, attemptId))) {
    throw new AppError("FORBIDDEN", { text: { zh: "该次执行已不再有效", en: "This attempt no longer holds its task" } });
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
  await receiveUpload(deps.files, { folder, nameOf, size, maxBytes, sha256, body: c.req.raw.body });
  return ok(c, { attemptId, size });
}
