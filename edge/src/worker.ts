import { app } from "./app.ts";
import { sweepPools } from "./dispatch/sweep-pools.ts";

export { Dispatcher } from "./dispatch/dispatcher.ts";
export { UserHub } from "./hub/user-hub.ts";
export { SockSession } from "./sockjs/sock-session.ts";

export default {
  fetch: app.fetch,
  /** The cron trigger: a backstop that also wakes a Dispatcher which was never told of its work. */
  async scheduled(_controller, env) {
    await sweepPools(env);
  },
} satisfies ExportedHandler<Cloudflare.Env>;
