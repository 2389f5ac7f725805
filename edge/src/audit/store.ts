import type { AuditQuery } from "@star-graph/shared/rest/audit";
import { and, count, eq } from "drizzle-orm";
import type { Database } from "../db/client.ts";
import { offsetOf, ordered } from "../db/paging.ts";
import { auditLog, users } from "../db/schema.ts";
import { type Audited, auditEntry } from "./audit-entry.ts";

type AuditRow = typeof auditLog.$inferSelect & { adminName: string };

export interface AuditStore {
  listAudit(query: AuditQuery): Promise<{ rows: AuditRow[]; total: number }>;
  /** For an act that has no batch here to stand in: written before it. */
  recordAudit(entry: Audited): Promise<void>;
}

export function createAuditStore(db: Database): AuditStore {
  return {
    async listAudit(query) {
      const filter = and(
        query.adminId === undefined ? undefined : eq(auditLog.adminId, query.adminId),
        query.action && eq(auditLog.action, query.action),
        query.target === undefined ? undefined : eq(auditLog.target, query.target),
      );
      const [rows, counted] = await db.batch([
        db
          .select({ entry: auditLog, adminName: users.username })
          .from(auditLog)
          .innerJoin(users, eq(users.id, auditLog.adminId))
          .where(filter)
          .orderBy(...ordered(query, auditLog.createTime, auditLog.id))
          .limit(query.pageSize)
          .offset(offsetOf(query)),
        db.select({ total: count() }).from(auditLog).where(filter),
      ]);
      return { rows: rows.map(({ entry, adminName }) => ({ ...entry, adminName })), total: counted[0]?.total ?? 0 };
    },
    async recordAudit(entry) {
      await auditEntry(db, entry);
    },
  };
}
