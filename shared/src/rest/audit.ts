import { z } from "zod";
import { PageQuery, pageOf } from "../page.ts";
import { WireTime } from "../wire-time.ts";

/** What an administrator can have done. */
export const AuditAction = z.enum([
  "user.create",
  "user.update",
  "credits.recharge",
  "credits.adjust",
  "credits.refund",
  "task.cancel",
  "model.create",
  "model.update",
  "words.add",
  "words.remove",
  "agent-key.create",
  "agent-key.revoke",
  "agent-key.trust",
  "agent-key.untrust",
  "agent.drain",
  "agent.pause",
  "agent.resume",
]);
export type AuditAction = z.infer<typeof AuditAction>;

/** Query of `GET /api/v1/admin/audit`. */
export const AuditQuery = PageQuery.extend({
  sort: z.enum(["createTime"]).default("createTime"),
  adminId: z.coerce.number().int().min(1).optional(),
  action: AuditAction.optional(),
  target: z.string().min(1).max(200).optional().describe("exactly, such as `user:1002`"),
});
export type AuditQuery = z.infer<typeof AuditQuery>;

const Fields = z.record(z.string(), z.unknown()).nullable();

/** One write of an administrator. */
export const AuditEntry = z.object({
  id: z.int(),
  adminId: z.int(),
  adminName: z.string(),
  action: AuditAction,
  target: z.string().describe("what was changed, such as `user:1002`"),
  before: Fields.describe("the fields that changed, as they were; null when there was nothing"),
  after: Fields.describe("the same fields afterwards; null when there is nothing any more"),
  requestId: z.string(),
  createTime: WireTime,
});
export type AuditEntry = z.infer<typeof AuditEntry>;

export const AuditPage = pageOf(AuditEntry);
