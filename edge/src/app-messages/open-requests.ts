import type { Language } from "@star-graph/shared/text";
import { AppError } from "@star-graph/shared/errors";
import { errorBody } from "../http/answer-body.ts";
import { requestIdOf } from "../http/request-id.ts";
import type { AppCaller, AppReply, AppRequest } from "../stomp/session-state.ts";
import { correlationOf, toReply } from "./reply.ts";

const PREFIX = "asked:";

/** What is kept of a SEND, or of all that a COMMIT performs, until it is answered: enough to say later that it was not. */
export interface Asked {
  /** Which of the object's sessions asked. */
  readonly session: string;
  readonly language: Language;
  readonly requests: readonly AppRequest[];
  readonly receipt: string | null;
}

/** The part of an object's key-value storage that is used. */
export interface AskedStorage {
  list(options: { prefix: string }): Iterable<[string, Asked]>;
  put(key: string, asked: Asked): void;
  delete(key: string): boolean;
}

const UNKNOWN = new AppError("UNAVAILABLE", {
  text: {
    zh: "服务器已重启，无法确定该请求是否已执行；请使用相同的 Idempotency-Key 重新发送，或先查询状态",
    en: "The server restarted, and whether this was done is not known: send it again with the same Idempotency-Key, or look first",
  },
});

/** Requests that are being answered, in storage: one that is lost with its object is answered that nobody knows whether it was done. */
export class OpenRequests {
  readonly #kv: AskedStorage;
  #lost: readonly [string, Asked][];
  #next: number;

  constructor(kv: AskedStorage) {
    this.#kv = kv;
    this.#lost = [...kv.list({ prefix: PREFIX })];
    this.#next = numberOf(this.#lost.at(-1)?.[0]) + 1;
  }

  /** @returns what to close it by. Bodies are not kept. */
  open({ session, language }: AppCaller, requests: readonly AppRequest[], receipt: string | null): string {
    const key = PREFIX + String(this.#next++).padStart(12, "0");
    const kept = requests.map((request) => ({ destination: request.destination, headers: correlationOf(request).headers, body: "" }));
    this.#kv.put(key, { session, language, requests: kept, receipt });
    return key;
  }

  close(key: string): void {
    this.#kv.delete(key);
  }

  /** The answers to what an earlier life of the object was asked and did not answer, in order, each with what to close it by. */
  takeLost(now: number): { key: string; session: string; replies: AppReply[]; receipt: string | null }[] {
    const lost = this.#lost;
    this.#lost = [];
    return lost.map(([key, { session, language, requests, receipt }]) => {
      const replies = requests.map((request) => {
        const correlation = correlationOf(request);
        const body = errorBody(UNKNOWN, { language, now, requestId: requestIdOf(correlation.id) });
        return toReply("error", request, correlation, body, UNKNOWN.retryAfterSeconds);
      });
      return { key, session, replies, receipt };
    });
  }
}

const numberOf = (key: string | undefined): number => Number(key?.slice(PREFIX.length) ?? 0);
