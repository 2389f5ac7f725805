import { AppError } from "@star-graph/shared/errors";
import { errorBody } from "../http/answer-body.ts";
import { requestIdOf } from "../http/request-id.ts";
import type { AppCaller, AppReply, AppRequest, SessionEvent } from "../stomp/session-state.ts";
import type { OpenRequests } from "./open-requests.ts";
import { correlationOf, toReply } from "./reply.ts";

/** SENDs of one session that may wait for those before them; the next ones are answered, in their turn, that they are too many. */
const MAX_WAITING = 32;
/** A client that goes on after being told so often that it is too fast does not listen. */
const MAX_REFUSED = 200;

interface RequestQueueDeps {
  /** @returns null when the sign-in behind the session has ended. */
  answer(caller: AppCaller, request: AppRequest): Promise<AppReply | null>;
  tell(event: SessionEvent): Promise<unknown>;
  /** Requests that wait for their answer, where a restart finds them. */
  open: Pick<OpenRequests, "open" | "close" | "takeLost">;
  now(): number;
}

/** Answers the requests of one session, one after the other, while its frames and messages go on. What is lost with the object is said to be lost. */
export class RequestQueue {
  readonly #deps: RequestQueueDeps;
  #last: Promise<unknown> = Promise.resolve();
  #waiting = 0;
  /** Since the last one that was not. */
  #refused = 0;

  constructor(deps: RequestQueueDeps) {
    this.#deps = deps;
  }

  /** @param requests of one SEND, or of all that a COMMIT performs. @returns when they have been answered. */
  add(caller: AppCaller, requests: readonly AppRequest[], receipt: string | null): Promise<void> {
    if (this.#waiting >= MAX_WAITING) return this.#refuse(caller, requests, receipt);
    this.#waiting += 1;
    this.#refused = 0;
    const key = this.#deps.open.open(caller, requests, receipt);
    return this.#inTurn(() =>
      this.#answer(caller, requests, receipt).finally(() => {
        this.#waiting -= 1;
        this.#deps.open.close(key);
      }),
    );
  }

  #refuse(caller: AppCaller, requests: readonly AppRequest[], receipt: string | null): Promise<void> {
    this.#refused += 1;
    if (this.#refused > MAX_REFUSED) return Promise.resolve();
    if (this.#refused === MAX_REFUSED) return this.#end(caller, "Too many requests, sent on after being told so");
    const replies = requests.map((request) => this.#tooMany(caller, request));
    return this.#inTurn(() => this.#tell({ type: "replied", session: caller.session, replies, receipt }));
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const turn = this.#last.then(work);
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  /** To be called once, when the object begins: what an earlier life of it has not answered. */
  async answerLost(): Promise<void> {
    for (const { key, session, replies, receipt } of this.#deps.open.takeLost(this.#deps.now())) {
      await this.#tell({ type: "replied", session, replies, receipt });
      this.#deps.open.close(key);
    }
  }

  async #answer(caller: AppCaller, requests: readonly AppRequest[], receipt: string | null): Promise<void> {
    const replies: AppReply[] = [];
    for (const request of requests) {
      const reply = await this.#deps.answer(caller, request);
      if (!reply) return this.#end(caller, "The sign-in has ended");
      replies.push(reply);
    }
    await this.#tell({ type: "replied", session: caller.session, replies, receipt });
  }

  #end({ session }: AppCaller, reason: string): Promise<void> {
    return this.#tell({ type: "ended", reason, session });
  }

  async #tell(event: SessionEvent): Promise<void> {
    await this.#deps.tell(event);
  }

  #tooMany({ language }: AppCaller, request: AppRequest): AppReply {
    const correlation = correlationOf(request);
    const error = new AppError("TOO_MANY_REQUESTS");
    const context = { language, now: this.#deps.now(), requestId: requestIdOf(correlation.id) };
    return toReply("error", request, correlation, errorBody(error, context), error.retryAfterSeconds);
  }
}
