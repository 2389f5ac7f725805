import { PUSH_DESTINATIONS } from "@star-graph/shared/push";
import { FrameDecoder } from "../decoder.ts";
import type { StompVersion } from "../frame.ts";
import { openSession, type SessionEffect, type SessionEvent, type SessionState } from "../session-state.ts";
import { onSessionEvent } from "../session.ts";

export const USER = { id: 7, username: "demo", authSessionId: "sign-in", scopes: null, tokenExpiresAt: 1_000_000 };
export const AUTHENTICATED: SessionEvent = { type: "authenticated", user: USER, session: "s-1" };
/** Who that user is to whatever answers requests. */
export const CALLER = { session: "s-1", userId: 7, authSessionId: "sign-in", scopes: null, language: "zh" };
const { progress } = PUSH_DESTINATIONS;

/** A client and the session it talks to; `sent` and `effects` are those of the last event. */
export class Peer {
  state: SessionState = openSession("zh", 0);
  #lastEvent = 0;
  effects: readonly SessionEffect[] = [];

  on(event: SessionEvent, now = 0): this {
    const step = onSessionEvent(this.state, event, now);
    this.state = step.state;
    this.effects = step.effects;
    return this;
  }

  send(command: string, headers: Record<string, string> = {}, body = ""): this {
    return this.on({ type: "frame", frame: { command, headers: new Map(Object.entries(headers)), body } });
  }

  push(destination: string, body: string, eventId = (this.#lastEvent += 1)): this {
    return this.on({ type: "push", pushes: [{ destination, body, eventId, isDroppable: destination === progress }] });
  }

  /** Subscribes, and lets the hub say from where on it tells. */
  subscribe(headers: Record<string, string>, { startAfter = 0, gapAfter = null as number | null } = {}): this {
    this.send("SUBSCRIBE", headers);
    const [asked] = this.effects;
    if (asked?.type !== "subscribe") throw new Error(`no subscription: ${JSON.stringify(this.seen)}`);
    const { id, destination, receipt } = asked;
    return this.on({ type: "subscribed", id, destination, startAfter, gapAfter, receipt });
  }

  /** Frames and everything else that the last event brought, in order. */
  get seen(): object[] {
    return this.effects.map((effect) => (effect.type === "send" ? read(effect.text) : effect));
  }
}

function read(text: string): object {
  const decoder = new FrameDecoder();
  decoder.push(text);
  const decoded = decoder.next("1.2");
  if (decoded.type !== "frame") throw new Error(`not one frame: ${text}`);
  const { command, headers, body } = decoded.frame;
  return { command, ...Object.fromEntries(headers), ...(body === "" ? {} : { body }) };
}

export function connected(version: StompVersion = "1.2"): Peer {
  return new Peer().send("CONNECT", { "accept-version": version, Authorization: "Bearer x" }).on(AUTHENTICATED);
}

export function errorThen(code: number, message: string, extra: object = {}): object[] {
  return [
    { command: "ERROR", message, ...extra },
    { type: "close", code, reason: message },
  ];
}

export const LEAVE = { type: "leave", userId: 7, session: "s-1" };
