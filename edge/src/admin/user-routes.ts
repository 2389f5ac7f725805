import { Adjustment, CreditsAnswer, Recharge } from "@star-graph/shared/rest/admin/credits";
import { AdminUser, AdminUserPage, CreatedUser, NewUser, UserChange, UserParam, UserQuery } from "@star-graph/shared/rest/admin/users";
import { Hono } from "hono";
import type { AppEnv } from "../env.ts";
import { ok } from "../http/envelope.ts";
import { operation } from "../http/route-facts.ts";
import { requestKey } from "../idempotency/request-key.ts";
import { validate } from "../http/validate.ts";
import { actorOf } from "./actor.ts";
import { changeUser, createUser, listUsers, toAdminUser, userForAdmin } from "./manage-users.ts";
import { moveCredits } from "./move-credits.ts";

const tag = "Admin: users 用户管理";
const ONCE = { headers: { "Idempotency-Key": "the same key and body move credits once in 24 h" } };
const LIST = operation({ tag, summary: "Search users / 查询用户", answer: AdminUserPage });
const CREATE = operation({ tag, summary: "Make a user / 新建用户", answer: CreatedUser, errors: ["BAD_REQUEST"] });
const SHOW = operation({ tag, summary: "One user / 用户详情", answer: AdminUser, errors: ["NOT_FOUND"] });
const CHANGE = operation({
  tag,
  summary: "Disable or enable, role, VIP / 修改用户",
  description: "Disabling ends every session, key and socket of the user at once; enabling brings none of them back.",
  answer: AdminUser,
  errors: ["NOT_FOUND", "BAD_REQUEST"],
});
const RECHARGE = operation({ tag, summary: "Add credits / 充值", answer: CreditsAnswer, errors: ["NOT_FOUND"], ...ONCE });
const ADJUST = operation({
  tag,
  summary: "Correct credits, up or down / 调整积分",
  answer: CreditsAnswer,
  errors: ["NOT_FOUND", "INSUFFICIENT_CREDITS"],
  ...ONCE,
});

/** `/api/v1/admin/users`. */
export const adminUsers = new Hono<AppEnv>()
  .get("/", LIST, validate("query", UserQuery), async (c) => ok(c, await listUsers(c.var.deps, c.req.valid("query"))))
  .post("/", CREATE, validate("json", NewUser), async (c) => ok(c, await createUser(c.var.deps, c.req.valid("json"), actorOf(c))))
  .get("/:userId", SHOW, validate("param", UserParam), async (c) => {
    return ok(c, toAdminUser(await userForAdmin(c.var.deps, c.req.valid("param").userId)));
  })
  .patch("/:userId", CHANGE, validate("param", UserParam), validate("json", UserChange), async (c) => {
    return ok(c, await changeUser(c.var.deps, c.req.valid("param").userId, c.req.valid("json"), actorOf(c)));
  })
  .post("/:userId/recharge", RECHARGE, validate("param", UserParam), validate("json", Recharge), async (c) => {
    const record = { ...c.req.valid("param"), ...c.req.valid("json"), type: "RECHARGE" as const, taskId: null };
    const key = await requestKey(c.req.header("Idempotency-Key"), `recharge ${record.userId}`, c.req.valid("json"));
    return ok(c, await moveCredits(c.var.deps, record, actorOf(c), key));
  })
  .post("/:userId/adjust", ADJUST, validate("param", UserParam), validate("json", Adjustment), async (c) => {
    const record = { ...c.req.valid("param"), ...c.req.valid("json"), type: "ADJUST" as const, taskId: null };
    const key = await requestKey(c.req.header("Idempotency-Key"), `adjust ${record.userId}`, c.req.valid("json"));
    return ok(c, await moveCredits(c.var.deps, record, actorOf(c), key));
  });
