import {
  CancelAnswer,
  RetryAnswer,
  TaskDetail,
  TaskDetailQuery,
  TaskIdParam,
  TaskListQuery,
  TaskPage,
} from "@star-graph/shared/rest/tasks";
import { Hono } from "hono";
import type { AppEnv } from "../env.ts";
import { ok } from "../http/envelope.ts";
import { requireUser } from "../http/require-user.ts";
import { operation } from "../http/route-facts.ts";
import { validate } from "../http/validate.ts";
import { answerOnce } from "../idempotency/answer-once.ts";
import { requestKey } from "../idempotency/request-key.ts";
import { cancelTask } from "./cancel-task.ts";
import { listTasks } from "./list-tasks.ts";
import { retryTask } from "./retry-task.ts";
import { showTask } from "./show-task.ts";
import { DETAIL_TOP_LEVEL } from "./task-view.ts";
import { waitForTask } from "./wait-for-task.ts";

const tag = "Tasks 任务";
const LIST = operation({ tag, summary: "One's own tasks, page by page / 任务列表", answer: TaskPage });
const DETAIL = operation({ tag, summary: "One task / 任务详情", answer: TaskDetail, topLevel: DETAIL_TOP_LEVEL });
const CANCEL = operation({
  tag,
  summary: "Cancel a task and release its credits / 取消任务",
  success: "TASK_CANCELLED",
  answer: CancelAnswer,
});
const RETRY = operation({
  tag,
  summary: "Run a failed or cancelled task again, as a new one / 重试任务",
  success: "TASK_RETRIED",
  answerHeaders: ["RateLimit"],
  description: "Same parameters, seed, picture and callback; its deadlines count from now. Paid like a new task.",
  answer: RetryAnswer,
  headers: { "Idempotency-Key": "the same key gets the same answer for 24 h" },
  errors: ["INSUFFICIENT_CREDITS", "QUEUE_FULL", "SENSITIVE_CONTENT", "NO_GPU"],
});

/** Spec chapter 7. */
export const tasks = new Hono<AppEnv>()
  .use(requireUser)
  .get("/", LIST, validate("query", TaskListQuery), async (c) => {
    return ok(c, await listTasks(c.var.deps, c.var.user.id, c.req.valid("query")));
  })
  .get("/:taskId", DETAIL, validate("param", TaskIdParam), validate("query", TaskDetailQuery), async (c) => {
    await waitForTask(c.var.deps, c.req.valid("param").taskId, c.var.user.id, c.req.valid("query").wait);
    const detail = await showTask(c.var.deps, c.req.valid("param").taskId, c.var.user.id, c.var.language, Date.now());
    return ok(c, detail);
  })
  .delete("/:taskId", CANCEL, validate("param", TaskIdParam), async (c) => {
    const answer = await cancelTask(c.var.deps, c.req.valid("param").taskId, c.var.user.id, Date.now());
    return ok(c, answer);
  })
  .post("/:taskId/retry", RETRY, validate("param", TaskIdParam), async (c) => {
    const { deps, user } = c.var;
    const { taskId } = c.req.valid("param");
    const now = Date.now();
    const key = await requestKey(c.req.header("Idempotency-Key"), `retry ${taskId}`, null);
    const { answer } = await answerOnce(deps, user.id, key, RetryAnswer, now, () =>
      retryTask(deps, taskId, user.id, now, (given) => key && { ...key, answer: given }),
    );
    return ok(c, answer);
  });
