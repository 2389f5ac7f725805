import { CreditsAnswer, Refund } from "@star-graph/shared/rest/admin/credits";
import { AdminTask, AdminTaskPage, AdminTaskQuery } from "@star-graph/shared/rest/admin/tasks";
import { CancelAnswer, TaskIdParam } from "@star-graph/shared/rest/tasks";
import { Hono } from "hono";
import type { AppEnv } from "../env.ts";
import { ok } from "../http/envelope.ts";
import { operation } from "../http/route-facts.ts";
import { validate } from "../http/validate.ts";
import { actorOf } from "./actor.ts";
import { cancelAnyTask, listAllTasks, showAnyTask } from "./all-tasks.ts";
import { refundTask } from "./move-credits.ts";

const tag = "Admin: tasks 任务管理";
const LIST = operation({ tag, summary: "Everybody's tasks / 全部任务", answer: AdminTaskPage });
const SHOW = operation({ tag, summary: "One task with its attempts / 任务详情", answer: AdminTask, errors: ["NOT_FOUND"] });
const CANCEL = operation({
  tag,
  summary: "Cancel anybody's task / 取消任务",
  success: "TASK_CANCELLED",
  answer: CancelAnswer,
  errors: ["NOT_FOUND", "BAD_REQUEST"],
});
const REFUND = operation({
  tag,
  summary: "Return the charge of a completed task / 退还扣费",
  answer: CreditsAnswer,
  errors: ["NOT_FOUND", "BAD_REQUEST"],
});

/** `/api/v1/admin/tasks`. */
export const adminTasks = new Hono<AppEnv>()
  .get("/", LIST, validate("query", AdminTaskQuery), async (c) => ok(c, await listAllTasks(c.var.deps, c.req.valid("query"))))
  .get("/:taskId", SHOW, validate("param", TaskIdParam), async (c) => {
    return ok(c, await showAnyTask(c.var.deps, c.req.valid("param").taskId, c.var.language, Date.now()));
  })
  .delete("/:taskId", CANCEL, validate("param", TaskIdParam), async (c) => {
    return ok(c, await cancelAnyTask(c.var.deps, c.req.valid("param").taskId, actorOf(c)));
  })
  .post("/:taskId/refund", REFUND, validate("param", TaskIdParam), validate("json", Refund), async (c) => {
    return ok(c, await refundTask(c.var.deps, c.req.valid("param").taskId, c.req.valid("json").reason, actorOf(c)));
  });
