import { type Page, toPage } from "@star-graph/shared/page";
import type { FundRecord, FundRecordQuery } from "@star-graph/shared/rest/users";
import { toWireTime } from "@star-graph/shared/wire-time";
import type { UserStore } from "./store.ts";

/** Spec 4.4: what moved the balance, and what only froze a part of it, newest first unless asked otherwise. */
export async function listFundRecords(
  deps: Pick<UserStore, "listFundRecords">,
  userId: number,
  query: FundRecordQuery,
): Promise<Page<FundRecord>> {
  const { rows, total } = await deps.listFundRecords(userId, query);
  const items = rows.map(({ frozen, createTime, ...row }) => ({
    ...row,
    ...(frozen !== null && { frozen }),
    createTime: toWireTime(createTime),
  }));
  return toPage(items, total, query);
}
