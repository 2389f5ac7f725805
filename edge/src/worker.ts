import { app } from "./app.ts";
import { dropOutdatedAccess } from "./auth/drop-outdated.ts";
import { sweepPools } from "./dispatch/sweep-pools.ts";
import { forgetAnswers } from "./idempotency/forget-answers.ts";
import { removeExpiredInputs } from "./inputs/remove-expired.ts";
import { removeExpiredResults } from "./resources/remove-expired.ts";

export { Dispatcher } from "./dispatch/dispatcher.ts";
export { UserHub } from "./hub/user-hub.ts";
export { SockSession } from "./sockjs/sock-session.ts";

export default {
  fetch: app.fetch,
  /** The cron trigger: a backstop that also wakes a Dispatcher which was never told of its work. */
  async scheduled(_controller, env) {
    await sweepPools(env);
    await dropOutdatedAccess(env, Date.now());
    await forgetAnswers(env, Date.now());
    await removeExpiredInputs(env, Date.now());
    await removeExpiredResults(env, Date.now());
  },
} satisfies ExportedHandler<Cloudflare.Env>;
