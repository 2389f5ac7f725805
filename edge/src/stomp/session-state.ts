import type { ApiScope } from "@star-graph/shared/rest/auth";
import type { Language } from "@star-graph/shared/text";
import type { Frame, StompVersion } from "./frame.ts";
import { STOMP_LIMITS } from "./limits.ts";

/** Who a session belongs to, for as long as the token that was shown is good. */
export interface SessionUser {
  readonly id: number;
  readonly username: string;
  /** The sign-in or API key that the token came from, which can end before the token does. */
  readonly authSessionId: string;
  /** What an API key may do; null for a signed-in user, who may do everything. */
  readonly scopes: readonly ApiScope[] | null;
  /** Unix milliseconds. */
  readonly tokenExpiresAt: number;
}

/** In whose name a request is made. */
export interface AppCaller {
  /** What CONNECTED called the session that asks: its answer is for nobody else. */
  readonly session: string;
  readonly userId: number;
  readonly authSessionId: string;
  readonly scopes: readonly ApiScope[] | null;
  readonly language: Language;
}

/** A SEND, as whoever answers it reads it (spec 8.4). */
export interface AppRequest {
  readonly destination: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** What it is answered, on the asking session's reply queue. */
export interface AppReply {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** A message from the user's hub. Ids of one destination only grow. */
export interface Push {
  readonly destination: string;
  readonly body: string;
  readonly eventId: number;
  /** Superseded by the next of its kind: a slow client may miss it. */
  readonly isDroppable: boolean;
}

const ACK_MODES = ["auto", "client", "client-individual"] as const;
export type AckMode = (typeof ACK_MODES)[number];
export const isAckMode = (mode: string): mode is AckMode => (ACK_MODES as readonly string[]).includes(mode);

export interface Subscription {
  /** Null only in 1.0, which may subscribe by destination alone. */
  readonly id: string | null;
  readonly destination: string;
  readonly ack: AckMode;
  /** The newest event it has had: what comes again after a restart of the hub is not told twice. */
  readonly hadUpTo: number;
}

/** Its SENDs are kept by the shell, under `number`: they are too large to be remembered here. */
interface Transaction {
  readonly id: string;
  readonly number: number;
  readonly sends: number;
  readonly bytes: number;
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
  /** What CONNECTED called it. The client may open another one under the same address. */
  readonly session: string;
  readonly userId: number;
  readonly authSessionId: string;
  readonly scopes: readonly ApiScope[] | null;
  readonly tokenExpiresAt: number;
  /** How often the client beats; 0 when it does not. */
  readonly beatEveryMs: number;
  readonly subscriptions: readonly Subscription[];
  readonly transactions: readonly Transaction[];
  readonly nextTransaction: number;
  readonly nextMessageId: number;
}

/** Plain data: it is kept in a socket's attachment while the object sleeps. */
export type SessionState = AwaitingConnect | Authenticating | Connected | { readonly phase: "closed" };

export type SessionEvent =
  | { type: "frame"; frame: Frame }
  /** The input is no STOMP. */
  | { type: "broken"; problem: string }
  /** @param session a name that no other session has, for CONNECTED */
  | { type: "authenticated"; user: SessionUser; session: string }
  | { type: "refused" }
  /** Something of ours did not work; the client may try again. */
  | { type: "failed" }
  /** The hub tells that subscription what came after `startAfter`, and the events between `gapAfter` and that are lost. */
  | { type: "subscribed"; id: string | null; destination: string; startAfter: number; gapAfter: number | null; receipt: string | null }
  | { type: "push"; pushes: readonly Push[] }
  | { type: "replied"; session: string; replies: readonly AppReply[]; receipt: string | null }
  | { type: "due" }
  /** Somebody else ends the session: logout, ban, too many sessions. @param session the only one that is meant, if not whatever is open */
  | { type: "ended"; reason: string; session?: string }
  /** The transport is gone, with or without a DISCONNECT. */
  | { type: "lost" };

/** To be carried out in order, each one before the next. */
export type SessionEffect =
  /** `isDroppable`: a newer one is to come, so a client that does not keep up may miss it. Everything else it must get. */
  | { type: "send"; text: string; isDroppable?: true }
  | { type: "close"; code: number; reason: string }
  /** Answered by the event authenticated, refused or failed, before any other frame. */
  | { type: "authenticate"; token: string }
  /** Answered by the event subscribed or failed, before any other frame. @param after the newest event that the client says it has had */
  | { type: "subscribe"; userId: number; id: string | null; destination: string; after: number | null; receipt: string | null }
  | { type: "unsubscribe"; userId: number; destination: string }
  /** Answered by the event replied, while other frames are handled. Requests of one session are answered in their order. */
  | { type: "request"; caller: AppCaller; request: AppRequest; receipt: string | null }
  /** To be kept until the transaction of that number is performed or dropped. */
  | { type: "hold"; transaction: number; request: AppRequest }
  /** COMMIT: all requests that are held, in their order; answered by one event replied. */
  | { type: "perform"; caller: AppCaller; transaction: number; receipt: string | null }
  /** ABORT. */
  | { type: "drop"; transaction: number }
  /** The user's hub is to forget this session. */
  | { type: "leave"; userId: number; session: string };

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
