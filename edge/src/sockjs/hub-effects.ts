import { answerRequest } from "../app-messages/answer-request.ts";
import { HeldRequests, type HeldStorage } from "../app-messages/held-requests.ts";
import { type AskedStorage, OpenRequests } from "../app-messages/open-requests.ts";
import { RequestQueue } from "../app-messages/request-queue.ts";
import { authenticateBearer } from "../auth/authenticate.ts";
import { createDeps } from "../deps.ts";
import { log } from "../http/log.ts";
import type { AppCaller, AppRequest, SessionEffect, SessionEvent } from "../stomp/session-state.ts";

/** What a STOMP session asks of others; `send` and `close` are the transport's. */
export type HubEffect = Exclude<SessionEffect, { type: "send" | "close" }>;

/**
 * Carries out what a session asks of D1 and of its user's hub, and answers with the event that follows from it, if one does.
 * A fault of ours is an event too: the client is told to try again.
 */
export class HubEffects {
  readonly #env: Cloudflare.Env;
  readonly #sessionObjectId: string;
  readonly #held: HeldRequests;
  readonly #requests: RequestQueue;

  /** @param tell takes what a request is answered, whenever that is */
  constructor(
    env: Cloudflare.Env,
    sessionObjectId: string,
    kv: HeldStorage & AskedStorage,
    tell: (event: SessionEvent) => Promise<unknown>,
  ) {
    this.#env = env;
    this.#sessionObjectId = sessionObjectId;
    this.#held = new HeldRequests(kv);
    const answer = (caller: AppCaller, request: AppRequest) => answerRequest(createDeps(env), caller, request, Date.now());
    this.#requests = new RequestQueue({ answer, tell, open: new OpenRequests(kv), now: () => Date.now() });
  }

  /** Tells what was asked of an earlier life of the object and is lost with it. */
  answerLost(): Promise<void> {
    return this.#requests.answerLost();
  }

  async apply(effect: HubEffect): Promise<SessionEvent | null> {
    const id = this.#sessionObjectId;
    switch (effect.type) {
      case "authenticate":
        return this.#orFailed(() => this.#authenticate(effect.token));
      case "subscribe":
        return this.#orFailed(() => this.#subscribe(effect));
      case "unsubscribe":
        return this.#orFailed(() => this.#hubOf(effect.userId).unsubscribed(id, effect.destination));
      case "leave":
        // The hub also finds out by itself, from the first "gone" it is answered.
        return this.#orFailed(() => this.#hubOf(effect.userId).unregister({ objectId: id, name: effect.session })).then(() => null);
      case "request":
        this.#ask(effect.caller, [effect.request], effect.receipt);
        return null;
      case "perform":
        this.#ask(effect.caller, this.#held.release(effect.transaction), effect.receipt);
        return null;
      case "hold":
        this.#held.hold(effect.transaction, effect.request);
        return null;
      case "drop":
        this.#held.release(effect.transaction);
        return null;
    }
  }

  /** Not awaited: frames and messages go on while a request is answered. */
  #ask(caller: AppCaller, requests: readonly AppRequest[], receipt: string | null): void {
    this.#requests.add(caller, requests, receipt).catch((error: unknown) => {
      log("error", "request not answered", { sessionObjectId: this.#sessionObjectId, error: String(error) });
    });
  }

  async #subscribe({ userId, id, destination, after, receipt }: Extract<HubEffect, { type: "subscribe" }>): Promise<SessionEvent> {
    const start = await this.#hubOf(userId).subscribed(this.#sessionObjectId, userId, destination, after);
    // Ended or given up there, which this session has not heard of: it would be told nothing any more.
    if (!start) return { type: "ended", reason: "The session has ended: connect again" };
    const { startAfter, gapAfter } = start;
    return { type: "subscribed", id, destination, startAfter, gapAfter, receipt };
  }

  async #authenticate(token: string): Promise<SessionEvent> {
    const authentication = await authenticateBearer(this.#env, token, Date.now());
    if (!authentication.ok) return { type: "refused" };
    const { user, sessionId, expiresAt } = authentication;
    const session = crypto.randomUUID();
    const registration = { objectId: this.#sessionObjectId, name: session, authSessionId: sessionId };
    const isRegistered = await this.#hubOf(user.id).register(registration);
    if (!isRegistered) return { type: "refused" };
    const known = { ...user, authSessionId: sessionId, tokenExpiresAt: expiresAt };
    return { type: "authenticated", user: known, session };
  }

  async #orFailed(call: () => Promise<SessionEvent | void>): Promise<SessionEvent | null> {
    try {
      return (await call()) ?? null;
    } catch (error) {
      log("error", "socket call failed", { sessionObjectId: this.#sessionObjectId, error: String(error) });
      return { type: "failed" };
    }
  }

  #hubOf(userId: number) {
    return this.#env.USER_HUB.get(this.#env.USER_HUB.idFromName(String(userId)));
  }
}
