import {
  ApiKeyBody,
  ApiKeyIdParam,
  ApiKeyList,
  CreatedApiKey,
  EndedSessions,
  PasswordBody,
  SessionIdParam,
  SessionListQuery,
  SessionPage,
} from "@star-graph/shared/rest/auth";
import { Hono } from "hono";
import type { AppEnv } from "../env.ts";
import { ok } from "../http/envelope.ts";
import { requireSession, requireUser } from "../http/require-user.ts";
import { operation } from "../http/route-facts.ts";
import { validate } from "../http/validate.ts";
import { changePassword } from "./change-password.ts";
import { createOwnApiKey, listOwnApiKeys, revokeOwnApiKey } from "./own-api-keys.ts";
import { endOtherSessions, endOwnSession, listOwnSessions } from "./own-sessions.ts";

const tag = "Account 账号";
const CHANGE_PASSWORD = operation({
  tag,
  summary: "Change my password / 修改密码",
  success: "PASSWORD_CHANGED",
  description: "Ends every other session, with its tokens and sockets. API keys stay.",
});
const LIST_SESSIONS = operation({ tag, summary: "Where I am signed in / 会话列表", answer: SessionPage });
const END_SESSIONS = operation({
  tag,
  summary: "End every other session / 结束其他会话",
  success: "SESSIONS_ENDED",
  answer: EndedSessions,
});
const END_SESSION = operation({ tag, summary: "End one session / 结束会话", success: "SESSIONS_ENDED" });
const LIST_KEYS = operation({ tag, summary: "My API keys / API密钥列表", answer: ApiKeyList });
const CREATE_KEY = operation({
  tag,
  summary: "Make an API key / 创建API密钥",
  success: "API_KEY_CREATED",
  description:
    "Accepted wherever an access token is, within its scopes: `read` for GET, `generate` for everything else, `admin` for the admin " +
    "routes. Not accepted where a leaked key could make itself stay: the password, ending sessions, making and revoking keys (of agents " +
    "too), callback secrets. Those routes want a signed-in session and answer 403.",
  answer: CreatedApiKey,
});
const REVOKE_KEY = operation({ tag, summary: "Revoke an API key / 撤销API密钥", success: "API_KEY_REVOKED" });

/** What opens one's account, under `/users`. Changing any of it wants a signed-in session: a leaked key must not be able to stay. */
export const credentials = new Hono<AppEnv>()
  .put("/password", CHANGE_PASSWORD, requireSession, validate("json", PasswordBody), async (c) => {
    await changePassword(c.var.deps, c.var.user, c.req.valid("json"), Date.now());
    return ok(c);
  })
  .get("/sessions", LIST_SESSIONS, requireUser, validate("query", SessionListQuery), async (c) => {
    return ok(c, await listOwnSessions(c.var.deps, c.var.user, c.req.valid("query"), Date.now()));
  })
  .delete("/sessions", END_SESSIONS, requireSession, async (c) => {
    return ok(c, { ended: await endOtherSessions(c.var.deps, c.var.user, Date.now()) });
  })
  .delete("/sessions/:sessionId", END_SESSION, requireSession, validate("param", SessionIdParam), async (c) => {
    await endOwnSession(c.var.deps, c.var.user.id, c.req.valid("param").sessionId, Date.now());
    return ok(c);
  })
  .get("/api-keys", LIST_KEYS, requireUser, async (c) => {
    return ok(c, await listOwnApiKeys(c.var.deps, c.var.user.id));
  })
  .post("/api-keys", CREATE_KEY, requireSession, validate("json", ApiKeyBody), async (c) => {
    const created = await createOwnApiKey(c.var.deps, c.var.user, c.req.valid("json"), Date.now());
    return ok(c, created);
  })
  .delete("/api-keys/:keyId", REVOKE_KEY, requireSession, validate("param", ApiKeyIdParam), async (c) => {
    await revokeOwnApiKey(c.var.deps, c.var.user.id, c.req.valid("param").keyId, Date.now());
    return ok(c);
  });
