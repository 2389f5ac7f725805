import { TaskIdParam, TaskListQuery } from "@star-graph/shared/rest/tasks";
import { Hono } from "hono";
import type { AppEnv } from "../env.ts";
import { ok } from "../http/envelope.ts";
import { requireUser } from "../http/require-user.ts";
import { validate } from "../http/validate.ts";
import { cancelTask } from "./cancel-task.ts";
import { listTasks } from "./list-tasks.ts";
import { showTask } from "./show-task.ts";

/** Spec chapter 7. */
export const tasks = new Hono<AppEnv>()
  .use(requireUser)
  .get("/", validate("query", TaskListQuery), async (c) => {
    return ok(c, await listTasks(c.var.deps, c.var.user.id, c.req.valid("query")));
  })
  .get("/:taskId", validate("param", TaskIdParam), async (c) => {
    const detail = await showTask(c.var.deps, c.req.valid("param").taskId, c.var.user.id, c.var.language);
    return ok(c, detail, { topLevel: ["id", "status", "progress", "results", "error"] });
  })
  .delete("/:taskId", validate("param", TaskIdParam), async (c) => {
    const answer = await cancelTask(c.var.deps, c.req.valid("param").taskId, c.var.user.id, Date.now());
    return ok(c, answer, { message: "TASK_CANCELLED" });
  });
