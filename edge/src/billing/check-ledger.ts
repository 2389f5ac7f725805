import type { LedgerCheck, LedgerCheckQuery } from "@star-graph/shared/rest/admin/figures";
import { toPage } from "@star-graph/shared/page";
import { toWireTime } from "@star-graph/shared/wire-time";
import { log } from "../http/log.ts";
import type { LedgerCheckStore } from "./ledger-check-store.ts";

/** A scheduled check that is under way, or the last one. */
export interface CheckState {
  /** Unix milliseconds, like `endTime`. */
  startTime: number;
  /** Null while it is under way. */
  endTime: number | null;
  /** Accounts up to this user have been looked at. */
  checkedTo: number;
  accounts: number;
  faults: number;
  /** Of the accounts that do not add up, the first ones. */
  userIds: number[];
}

/** From the end of one check to the begin of the next. */
export const CHECK_EVERY_MS = 3_600_000;
/** Accounts that one statement compares, and statements that one run of the cron trigger makes. */
const SLICE = 500;
const SLICES_PER_RUN = 20;
/** Users that a check keeps by name; the log has them all. */
const KEPT_USERS = 1000;

/**
 * Compares accounts with their records and holds, as many as fit into one run; the next run goes on where this one ends. An
 * account that does not add up is an error in the log, with its user. May be repeated: an account is only looked at.
 */
export async function continueLedgerCheck(
  deps: Pick<LedgerCheckStore, "readCheckState" | "saveCheckState" | "checkAccounts">,
  now: number,
): Promise<void> {
  const before = await deps.readCheckState();
  if (before && before.endTime !== null && now - before.endTime < CHECK_EVERY_MS) return;
  let state: CheckState =
    before?.endTime === null ? before : { startTime: now, endTime: null, checkedTo: 0, accounts: 0, faults: 0, userIds: [] };
  for (let slice = 0; slice < SLICES_PER_RUN && state.endTime === null; slice++) {
    const { accounts, lastUser, faults } = await deps.checkAccounts(state.checkedTo, SLICE);
    for (const fault of faults) log("error", "account does not add up", { ...fault });
    state = {
      ...state,
      checkedTo: lastUser ?? state.checkedTo,
      accounts: state.accounts + accounts,
      faults: state.faults + faults.length,
      userIds: [...state.userIds, ...faults.map((fault) => fault.userId)].slice(0, KEPT_USERS),
      endTime: accounts < SLICE ? now : null,
    };
    await deps.saveCheckState(state);
  }
  const { accounts, faults, endTime } = state;
  if (endTime !== null) log(faults > 0 ? "error" : "info", "ledger checked", { accounts, faults });
}

/** All accounts now, those that do not add up by name, and how the last scheduled check went. */
export async function checkLedger(
  deps: Pick<LedgerCheckStore, "findFaults" | "readCheckState">,
  query: LedgerCheckQuery,
): Promise<LedgerCheck> {
  const [{ accounts, total, faults }, last] = [await deps.findFaults(query.page, query.pageSize), await deps.readCheckState()];
  const { content, totalElements, ...pages } = toPage(faults, total, query);
  return { accounts, isSound: total === 0, faults: content, totalFaults: totalElements, ...pages, lastCheck: last && viewState(last) };
}

function viewState({ startTime, endTime, accounts, faults, userIds }: CheckState): LedgerCheck["lastCheck"] {
  return { startTime: toWireTime(startTime), endTime: endTime === null ? null : toWireTime(endTime), accounts, faults, userIds };
}
