import { z } from "zod";
import { PageQuery, pageOf } from "../../page.ts";
import { TaskStatus, TaskType } from "../../task.ts";
import { TaskAttempt, TaskDetail, TaskListItem } from "../tasks.ts";
import { GivenTime, Id } from "./fields.ts";

/** `/api/v1/admin/tasks`. */

export const AdminTaskQuery = PageQuery.extend({
  sort: z.enum(["createTime", "completeTime", "cost"]).default("createTime"),
  userId: Id.optional(),
  status: TaskStatus.optional(),
  type: TaskType.optional(),
  model: z.string().min(1).max(128).optional(),
  from: GivenTime.optional().describe("created at or after it"),
  to: GivenTime.optional().describe("created before it"),
});
export type AdminTaskQuery = z.infer<typeof AdminTaskQuery>;

const Owned = { userId: z.int(), username: z.string(), model: z.string(), pool: z.string() };
export const AdminTaskItem = TaskListItem.extend(Owned);
export type AdminTaskItem = z.infer<typeof AdminTaskItem>;
export const AdminTaskPage = pageOf(AdminTaskItem);

export const AdminTask = TaskDetail.extend({
  ...Owned,
  attempts: z.array(TaskAttempt.extend({ id: z.string(), agentId: z.string() })),
  settlement: z.enum(["CAPTURED", "RELEASED"]).nullable().describe("what became of its hold; null while it is held"),
  refunded: z.boolean().describe("its charge was returned"),
});
export type AdminTask = z.infer<typeof AdminTask>;
