import { app } from "./app.ts";
import { doChores } from "./chores.ts";

export { Dispatcher } from "./dispatch/dispatcher.ts";
export { UserHub } from "./hub/user-hub.ts";
export { SockSession } from "./sockjs/sock-session.ts";

export default {
  fetch: app.fetch,
  /** The cron trigger: a backstop that also wakes a Dispatcher which was never told of its work. */
  scheduled: (_controller, env) => doChores(env, () => Date.now()),
} satisfies ExportedHandler<Cloudflare.Env>;
