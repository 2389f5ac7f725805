import type { AuditAction } from "@star-graph/shared/rest/audit";
import type { SQL } from "drizzle-orm";
import type { Database } from "../db/client.ts";
import { auditLog } from "../db/schema.ts";

/** The administrator who writes, and the request that they do it with. */
export interface Actor {
  adminId: number;
  requestId: string;
  /** Unix milliseconds. */
  now: number;
}

/** What is written of a change. Never a password, a key or a hash. */
interface AuditNote {
  action: AuditAction;
  /** What was changed: `user:1002`. */
  target: string;
  before: object | null;
  after: object | null;
}

export type Audited = Actor & AuditNote;

/**
 * The line of the audit log as a statement, to stand in the batch of the change that it tells of: both or neither.
 * @param inBatch what only the batch can tell, in place of the note's: an id that the change itself makes; JSON of values
 * that others may have changed since they were read
 */
export function auditEntry(db: Database, audited: Audited, inBatch: Partial<Record<"target" | "before" | "after", SQL>> = {}) {
  const { adminId, requestId, now, action, target, before, after } = audited;
  return db.insert(auditLog).values({
    adminId,
    action,
    target: inBatch.target ?? target,
    before: inBatch.before ?? (before && { ...before }),
    after: inBatch.after ?? (after && { ...after }),
    requestId,
    createTime: now,
  });
}
