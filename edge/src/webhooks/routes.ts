import { TaskIdParam } from "@star-graph/shared/rest/tasks";
import { WebhookDeliveries, WebhookSecret } from "@star-graph/shared/rest/webhooks";
import { Hono } from "hono";
import type { AppEnv } from "../env.ts";
import { ok } from "../http/envelope.ts";
import { requireSession, requireUser } from "../http/require-user.ts";
import { operation } from "../http/route-facts.ts";
import { validate } from "../http/validate.ts";
import { showDeliveries, showSecret } from "./show-webhooks.ts";

const tag = "Callbacks 回调";
const SECRET = operation({ tag, summary: "The secret that signs my callbacks / 回调密钥", answer: WebhookSecret });
const ROTATE = operation({
  tag,
  summary: "A new secret for my callbacks / 更换回调密钥",
  description: "For a day callbacks are signed with the secret before it as well.",
  answer: WebhookSecret,
});
const DELIVERIES = operation({ tag, summary: "Tries to deliver a task's callback / 回调记录", answer: WebhookDeliveries });

export const webhookSecrets = new Hono<AppEnv>()
  .get("/webhook-secret", SECRET, requireSession, async (c) => {
    const { deps, user } = c.var;
    return ok(c, await showSecret(deps, user.id, await deps.secretVersion(user.id), Date.now()));
  })
  .post("/webhook-secret/rotate", ROTATE, requireSession, async (c) => {
    const { deps, user } = c.var;
    const now = Date.now();
    return ok(c, await showSecret(deps, user.id, await deps.rotateSecret(user.id, now), now));
  });

export const taskDeliveries = new Hono<AppEnv>().get(
  "/:taskId/deliveries",
  DELIVERIES,
  requireUser,
  validate("param", TaskIdParam),
  async (c) => {
    return ok(c, await showDeliveries(c.var.deps, c.req.valid("param").taskId, c.var.user.id));
  },
);
