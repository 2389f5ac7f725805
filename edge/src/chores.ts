import { dropOutdatedAccess } from "./auth/drop-outdated.ts";
import { continueLedgerCheck } from "./billing/check-ledger.ts";
import { createLedgerCheckStore } from "./billing/ledger-check-store.ts";
import { openDatabase } from "./db/client.ts";
import { sweepPools } from "./dispatch/recovery/sweep-pools.ts";
import { createOrphanStore } from "./files/orphan-store.ts";
import { partOf, removeOrphans } from "./files/remove-orphans.ts";
import { log } from "./http/log.ts";
import { forgetAnswers } from "./idempotency/forget-answers.ts";
import { removeExpiredInputs } from "./inputs/remove-expired.ts";
import { removeExpiredResults } from "./resources/remove-expired.ts";

/** What the cron trigger does each minute, tasks first. Each may be repeated. */
const CHORES: Record<string, (env: Cloudflare.Env, now: number) => Promise<void>> = {
  sweepPools: (env) => sweepPools(env),
  dropOutdatedAccess,
  forgetAnswers,
  removeExpiredInputs,
  removeExpiredResults,
  removeOrphans: (env, now) => removeOrphans(createOrphanStore(openDatabase(env.DB), env.FILES), partOf(now), now),
  checkLedger: (env, now) => continueLedgerCheck(createLedgerCheckStore(openDatabase(env.DB)), now),
};

/** Does them one after the other; one that fails keeps no other from its turn, and is done again a minute later. */
export async function doChores(env: Cloudflare.Env, now: () => number): Promise<void> {
  for (const [chore, work] of Object.entries(CHORES)) {
    try {
      await work(env, now());
    } catch (error) {
      log("error", "chore failed, will be repeated", { chore, error: String(error) });
    }
  }
}
