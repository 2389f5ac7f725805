import { authenticateBearer } from "../auth/authenticate.ts";
import type { SessionEffect, SessionEvent } from "../stomp/session-state.ts";

/** What a STOMP session asks of others; `send` and `close` are the transport's. */
export type HubEffect = Exclude<SessionEffect, { type: "send" | "close" }>;

/**
 * Carries out what a session asks of D1 and of its user's hub, and answers with the event that follows from it, if one does.
 * A fault of ours is an event too: the client is told to try again.
 */
export class HubEffects {
  readonly #env: Cloudflare.Env;
  readonly #sessionObjectId: string;

  constructor(env: Cloudflare.Env, sessionObjectId: string) {
    this.#env = env;
    this.#sessionObjectId = sessionObjectId;
  }

  apply(effect: HubEffect): Promise<SessionEvent | null> {
    const id = this.#sessionObjectId;
    switch (effect.type) {
      case "authenticate":
        return this.#orFailed(() => this.#authenticate(effect.token));
      case "subscribe":
        return this.#orFailed(() => this.#hubOf(effect.userId).subscribed(id, effect.destination));
      case "unsubscribe":
        return this.#orFailed(() => this.#hubOf(effect.userId).unsubscribed(id, effect.destination));
      case "leave":
        // The hub also finds out by itself, from the first "gone" it is answered.
        return this.#orFailed(() => this.#hubOf(effect.userId).unregister(id)).then(() => null);
    }
  }

  async #authenticate(token: string): Promise<SessionEvent> {
    const authentication = await authenticateBearer(this.#env, token, Date.now());
    if (!authentication.ok) return { type: "refused" };
    const { user, sessionId, expiresAt } = authentication;
    const isRegistered = await this.#hubOf(user.id).register(this.#sessionObjectId, sessionId);
    return isRegistered ? { type: "authenticated", user: { ...user, tokenExpiresAt: expiresAt } } : { type: "refused" };
  }

  async #orFailed(call: () => Promise<SessionEvent | void>): Promise<SessionEvent | null> {
    try {
      return (await call()) ?? null;
    } catch (error) {
      console.error(JSON.stringify({ event: "socket-call-failed", sessionObjectId: this.#sessionObjectId, error: String(error) }));
      return { type: "failed" };
    }
  }

  #hubOf(userId: number) {
    return this.#env.USER_HUB.get(this.#env.USER_HUB.idFromName(String(userId)));
  }
}
