import type { Language } from "@star-graph/shared/text";
import type { AuthenticatedUser } from "./auth/authenticate.ts";
import type { Deps } from "./deps.ts";
import type { Listener } from "./events/ticket.ts";
import type { Operation } from "./http/route-facts.ts";

/** What Hono carries through one request. */
export interface AppEnv {
  Bindings: Cloudflare.Env;
  Variables: {
    deps: Deps;
    requestId: string;
    /** Of W3C Trace Context: what the caller's other systems know this request by. */
    traceId: string;
    /** What the route says of itself: its answers say it too. */
    operation?: Operation;
    language: Language;
    /** The `RateLimit-Policy` of the limits that this request was counted in, so far. */
    ratePolicies?: string[];
    /** Set by `requireUser`. */
    user: AuthenticatedUser;
    /** Of an event stream: the user, or whoever has the ticket of the task. */
    listener: Listener;
  };
}
