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
 * @param target where the change itself makes the id
 */
export function auditEntry(db: Database, { adminId, requestId, now, action, before, after, ...note }: Audited, target?: SQL) {
  return db.insert(auditLog).values({
    adminId,
    action,
    target: target ?? note.target,
    before: before && { ...before },
    after: after && { ...after },
    requestId,
    createTime: now,
  });
}
