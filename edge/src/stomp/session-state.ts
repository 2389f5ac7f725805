import type { Language } from "@star-graph/shared/text";
import type { Frame, StompVersion } from "./frame.ts";
import { STOMP_LIMITS } from "./limits.ts";

/** Who a session belongs to, for as long as the token that was shown is good. */
export interface SessionUser {
  readonly id: number;
  readonly username: string;
  /** Unix milliseconds. */
  readonly tokenExpiresAt: number;
}

export interface Subscription {
  /** Null only in 1.0, which may subscribe by destination alone. */
  readonly id: string | null;
  readonly destination: string;
  /** The client said ack:client or ack:client-individual, so 1.2 wants an `ack` header to answer with. */
  readonly acks: boolean;
}

interface Transaction {
  readonly id: string;
  /** Destinations of the SENDs held until COMMIT. Bodies are not kept: no destination takes one yet. */
  readonly held: readonly string[];
}

interface AwaitingConnect {
  readonly phase: "awaiting-connect";
  readonly language: Language;
  readonly connectBy: number;
}

export interface Authenticating {
  readonly phase: "authenticating";
  readonly language: Language;
  readonly connectBy: number;
  readonly version: StompVersion;
  /** How often both sides beat; 0 for never, null for 1.0, which has no such header. */
  readonly beatEveryMs: number | null;
}

export interface Connected {
  readonly phase: "connected";
  readonly language: Language;
  readonly version: StompVersion;
  readonly userId: number;
  readonly tokenExpiresAt: number;
  /** How often the client beats; 0 when it does not. */
  readonly beatEveryMs: number;
  readonly subscriptions: readonly Subscription[];
  readonly transactions: readonly Transaction[];
  readonly nextMessageId: number;
}

/** Plain data: it is kept in a socket's attachment while the object sleeps. */
export type SessionState = AwaitingConnect | Authenticating | Connected | { readonly phase: "closed" };

export type SessionEvent =
  | { type: "frame"; frame: Frame }
  /** The input is no STOMP. */
  | { type: "broken"; problem: string }
  | { type: "authenticated"; user: SessionUser }
  | { type: "refused" }
  /** Something of ours did not work; the client may try again. */
  | { type: "failed" }
  | { type: "push"; destination: string; body: string }
  | { type: "due" }
  /** Somebody else ends the session: logout, ban, too many sessions. */
  | { type: "ended"; reason: string }
  /** The transport is gone, with or without a DISCONNECT. */
  | { type: "lost" };

/** To be carried out in order, each one before the next. */
export type SessionEffect =
  /** `isDroppable`: a client that is slow to take it may do without, as newer ones say it better. */
  | { type: "send"; text: string; isDroppable?: boolean }
  | { type: "close"; code: number; reason: string }
  /** Answered by the event authenticated, refused or failed, before any other frame. */
  | { type: "authenticate"; token: string }
  | { type: "subscribe"; userId: number; destination: string }
  | { type: "unsubscribe"; userId: number; destination: string }
  /** The user's hub is to forget this session. */
  | { type: "leave"; userId: number };

export interface Step {
  readonly state: SessionState;
  readonly effects: readonly SessionEffect[];
}

export function openSession(language: Language, now: number): SessionState {
  return { phase: "awaiting-connect", language, connectBy: now + STOMP_LIMITS.connectWithinMs };
}

/** When the session wants the event "due" next; null for never. */
export function dueAt(state: SessionState): number | null {
  switch (state.phase) {
    case "awaiting-connect":
    case "authenticating":
      return state.connectBy;
    case "connected":
      return state.tokenExpiresAt;
    case "closed":
      return null;
  }
}

/** How the next frame is to be read: the version is settled by CONNECT, which itself is read alike in all of them. */
export function versionOf(state: SessionState): StompVersion {
  return state.phase === "authenticating" || state.phase === "connected" ? state.version : "1.2";
}
