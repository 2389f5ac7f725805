import { AppError } from "@star-graph/shared/errors";
import { errorBody } from "../http/answer-body.ts";
import { requestIdOf } from "../http/request-id.ts";
import type { AppCaller, AppReply, AppRequest, SessionEvent } from "../stomp/session-state.ts";
import { correlationOf, toReply } from "./reply.ts";

/** SENDs of one session that may wait for those before them; the next ones are answered that they are too many. */
const MAX_WAITING = 32;

interface RequestQueueDeps {
  /** @returns null when the sign-in behind the session has ended. */
  answer(caller: AppCaller, request: AppRequest): Promise<AppReply | null>;
  tell(event: SessionEvent): Promise<unknown>;
  now(): number;
}

/** Answers the requests of one session, one after the other, while its frames and messages go on. In memory: lost with the object. */
export class RequestQueue {
  readonly #deps: RequestQueueDeps;
  #last: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  constructor(deps: RequestQueueDeps) {
    this.#deps = deps;
  }

  /** @param requests of one SEND, or of all that a COMMIT performs. @returns when they have been answered. */
  add(caller: AppCaller, requests: readonly AppRequest[], receipt: string | null): Promise<void> {
    if (this.#waiting >= MAX_WAITING) {
      const replies = requests.map((request) => this.#tooMany(caller, request));
      return this.#deps.tell({ type: "replied", replies, receipt }).then(() => undefined);
    }
    this.#waiting += 1;
    const turn = this.#last.then(() => this.#answer(caller, requests, receipt)).finally(() => (this.#waiting -= 1));
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  async #answer(caller: AppCaller, requests: readonly AppRequest[], receipt: string | null): Promise<void> {
    const replies: AppReply[] = [];
    for (const request of requests) {
      const reply = await this.#deps.answer(caller, request);
      if (!reply) return void (await this.#deps.tell({ type: "ended", reason: "The sign-in has ended" }));
      replies.push(reply);
    }
    await this.#deps.tell({ type: "replied", replies, receipt });
  }

  #tooMany({ language }: AppCaller, request: AppRequest): AppReply {
    const correlation = correlationOf(request);
    const error = new AppError("TOO_MANY_REQUESTS");
    const context = { language, now: this.#deps.now(), requestId: requestIdOf(correlation.id) };
    return toReply("error", request, correlation, errorBody(error, context), error.retryAfterSeconds);
  }
}
