import { openSession, type SessionState } from "../stomp/session-state.ts";
import type { Language } from "@star-graph/shared/text";
import type { Carrier } from "./carrier.ts";
import { closeFrameOf } from "./close-code.ts";
import { HeldResponse } from "./held-response.ts";
import { type HttpEffect, type HttpEvent, httpDueAt, type HttpSession, type HttpStep, onHttpEvent, resumeSession } from "./http-session.ts";
import type { Receiving } from "./session-path.ts";
import type { Waiting } from "./waiting.ts";

const STOMP = "stomp";
const CLOSED = "closed";
const WRITING = "writing";
const WAITING = "waiting:";

/** The part of an object's key-value storage that is used. */
export interface SessionStorage {
  get<T>(key: string): T | undefined;
  put<T>(key: string, value: T): void;
  delete(key: string): boolean;
  list<T>(options: { prefix: string }): Iterable<[string, T]>;
}

interface ClosedNote {
  readonly code: number;
  readonly reason: string;
  readonly due: number;
}

/**
 * A session over plain HTTP: what it is, what waits for the next request, and whether a response is being written, is kept in
 * storage as it changes. The response that is held now ends with the object: the session goes on if all of it had been taken.
 */
export class HttpCarrier implements Carrier {
  readonly #kv: SessionStorage;
  readonly #now: () => number;
  readonly #onLost: () => void;
  readonly #held = new Map<number, HeldResponse>();
  #session: HttpSession;
  #nextReceiverId = 1;

  /** @param onLost told when the client leaves in the middle of a response. */
  constructor(kv: SessionStorage, now: () => number, onLost: () => void) {
    this.#kv = kv;
    this.#now = now;
    this.#onLost = onLost;
    const { state, effects } = load(kv, now());
    this.#session = state;
    for (const effect of effects) this.#apply(effect);
    if (wasLost(effects)) onLost();
  }

  /** Answers a request that receives, at once: only then is it told when its client leaves. */
  receive(transport: Receiving, callback: string, language: Language): ReadableStream<Uint8Array> {
    if (this.#session.phase === "none") this.save(openSession(language, this.#now()));
    const receiverId = this.#nextReceiverId++;
    const held = new HeldResponse({
      taken: () => void this.#handle({ type: "taken", receiverId }),
      gone: () => {
        this.#held.delete(receiverId);
        if (!this.#handle({ type: "gone", receiverId })) this.#onLost();
      },
    });
    this.#held.set(receiverId, held);
    this.#handle({ type: "receive", receiverId, transport, callback });
    return held.body;
  }

  phase(): HttpSession["phase"] {
    return this.#session.phase;
  }

  state(): SessionState | null {
    return this.#kv.get<SessionState>(STOMP) ?? null;
  }

  save(state: SessionState): void {
    this.#kv.put(STOMP, state);
  }

  send(text: string, isDroppable: boolean): boolean {
    return this.#handle({ type: "send", text, isDroppable, isLastWord: this.state()?.phase === "closed" });
  }

  close(code: number, reason: string): void {
    const [sockJsCode, sockJsReason] = closeFrameOf(code, reason);
    this.#handle({ type: "close", code: sockJsCode, reason: sockJsReason });
  }

  dueAt(): number | null {
    return httpDueAt(this.#session);
  }

  onDue(): boolean {
    return this.#handle({ type: "due" });
  }

  isOver(): boolean {
    return this.#session.phase === "none";
  }

  /** @returns false when the session's client is gone. */
  #handle(event: HttpEvent): boolean {
    const { state, effects } = onHttpEvent(this.#session, event, this.#now());
    this.#session = state;
    for (const effect of effects) this.#apply(effect);
    return !wasLost(effects);
  }

  #apply(effect: HttpEffect): void {
    switch (effect.type) {
      case "write":
        this.#held.get(effect.receiverId)?.write(effect.text, effect.isLast);
        if (effect.isLast) this.#held.delete(effect.receiverId);
        return;
      case "keep":
        return this.#kv.put(keyOf(effect.message), effect.message);
      case "discard":
        for (const message of effect.messages) this.#kv.delete(keyOf(message));
        return;
      case "writing":
        return this.#noteWriting(effect.isWriting);
      case "closed":
        return this.#kv.put(CLOSED, { code: effect.code, reason: effect.reason, due: effect.due } satisfies ClosedNote);
      case "lost":
      case "forget":
        // The shell's: it asks for both.
        return;
    }
  }

  #noteWriting(isWriting: boolean): void {
    const wasWriting = this.#kv.get(WRITING) === true;
    if (isWriting && !wasWriting) this.#kv.put(WRITING, true);
    if (!isWriting && wasWriting) this.#kv.delete(WRITING);
  }
}

function load(kv: SessionStorage, now: number): HttpStep {
  const waiting = [...kv.list<Waiting>({ prefix: WAITING })].map(([, message]) => message);
  const closed = kv.get<ClosedNote>(CLOSED);
  if (closed) return { state: { phase: "closed", ...closed, waiting }, effects: [] };
  if (kv.get(STOMP) === undefined) return { state: { phase: "none" }, effects: [] };
  return resumeSession(waiting, kv.get(WRITING) === true, now);
}

function wasLost(effects: readonly HttpEffect[]): boolean {
  return effects.some(({ type }) => type === "lost");
}

function keyOf({ seq }: Waiting): string {
  return WAITING + String(seq).padStart(12, "0");
}
