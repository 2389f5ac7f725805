import { type Page, toPage } from "@star-graph/shared/page";
import type { AuditEntry, AuditQuery } from "@star-graph/shared/rest/audit";
import { toWireTime } from "@star-graph/shared/wire-time";
import type { AuditStore } from "./store.ts";

/** What administrators did, newest first. */
export async function listAudit(deps: Pick<AuditStore, "listAudit">, query: AuditQuery): Promise<Page<AuditEntry>> {
  const { rows, total } = await deps.listAudit(query);
  return toPage(
    rows.map((row) => ({ ...row, createTime: toWireTime(row.createTime) })),
    total,
    query,
  );
}
