import type { SessionState } from "../stomp/session-state.ts";
import type { Carrier } from "./carrier.ts";
import { closeFrame, HEARTBEAT_FRAME, messagesFrame } from "./frames.ts";
import { SOCKJS_TIMES } from "./http-session.ts";
import { closeFrameOf } from "./close-code.ts";

/** What survives hibernation with the socket. */
interface Attachment {
  readonly framing: Framing;
  readonly stomp: SessionState;
  /** When the client last sent something that woke the object. */
  readonly heardAt: number;
  /** When a SockJS heart-beat is due: only for clients that do not beat by themselves. */
  readonly heartbeatAt: number | null;
  /** UTF-16 units that it may not have read yet, at that time. */
  readonly unread: { readonly chars: number; readonly at: number };
}

/** Bare STOMP, or STOMP in SockJS frames. */
export type Framing = "raw" | "sockjs";

/** What a client sends to say that it is there, and the platform's answer to it, for which no object is woken. */
const BEATS: Readonly<Record<Framing, [string, string]>> = { raw: ["\n", "\n"], sockjs: ['["\\n"]', 'a["\\n"]'] };

/** Proxies cut what was silent for 100 s; who beats at least so often needs nothing of ours. */
const QUIET_MS = 60_000;

/** The platform does not say what a socket has not taken: the slowest reader that is served takes so much. */
const READ_CHARS_PER_SECOND = 16 * 1024;
/** Beyond this, what may be dropped is. */
const UNREAD_SOFT_CHARS = 1024 * 1024;
/** Beyond this the socket is closed: an object has 128 MB for all that it holds. */
const UNREAD_HARD_CHARS = 8 * 1024 * 1024;

/** A client that has gone silent takes nothing either. */
const SILENT_BEATS = 3;
/** Pages in the background may beat once a minute, whatever they announced. */
const SILENT_MIN_MS = 180_000;

export const beatOf = (framing: Framing): WebSocketRequestResponsePair => new WebSocketRequestResponsePair(...BEATS[framing]);

export const framingOf = (socket: WebSocket): Framing => (socket.deserializeAttachment() as Attachment).framing;

export function attach(socket: WebSocket, framing: Framing, stomp: SessionState, now: number): void {
  socket.serializeAttachment({ framing, stomp, heardAt: now, heartbeatAt: null, unread: { chars: 0, at: now } } satisfies Attachment);
}

/** A session on one WebSocket. All of its state lies with the socket, so that its object may sleep. */
export class WebSocketCarrier implements Carrier {
  readonly #socket: WebSocket;
  readonly #now: () => number;
  readonly #lastEchoedAt: () => number;

  /** @param lastEchoedAt when the platform last answered a beat of the client's, Unix milliseconds; 0 for never */
  constructor(socket: WebSocket, now: () => number, lastEchoedAt: () => number) {
    this.#socket = socket;
    this.#now = now;
    this.#lastEchoedAt = lastEchoedAt;
  }

  /** The client has sent something. */
  heard(): void {
    this.#attach({ heardAt: this.#now() });
  }

  state(): SessionState {
    return this.#attachment.stomp;
  }

  save(stomp: SessionState): void {
    const { framing, heartbeatAt } = this.#attachment;
    const needsHeartbeat = framing === "sockjs" && stomp.phase === "connected" && !isBeating(stomp.beatEveryMs);
    this.#attach({ stomp, heartbeatAt: needsHeartbeat ? (heartbeatAt ?? this.#now() + SOCKJS_TIMES.heartbeatMs) : null });
  }

  send(text: string, isDroppable: boolean): boolean {
    if (this.#isSilent()) {
      this.close(1008, "Too slow: no heart-beat has come for too long");
      return false;
    }
    const now = this.#now();
    const chars = this.#unreadAt(now) + text.length;
    if (isDroppable && chars > UNREAD_SOFT_CHARS) return true;
    if (chars > UNREAD_HARD_CHARS) {
      this.close(1008, "Too slow: more was sent than can have been read");
      return false;
    }
    this.#attach({ unread: { chars, at: now } });
    return this.#write(this.#attachment.framing === "sockjs" ? messagesFrame([text]) : text);
  }

  close(code: number, reason: string): void {
    if (this.#attachment.framing === "raw") return this.#socket.close(code, reason);
    this.#write(closeFrame(...closeFrameOf(code, reason)));
    this.#socket.close(1000);
  }

  dueAt(): number | null {
    return this.#attachment.heartbeatAt;
  }

  onDue(): boolean {
    const { heartbeatAt } = this.#attachment;
    if (heartbeatAt === null || this.#now() < heartbeatAt) return true;
    this.#attach({ heartbeatAt: this.#now() + SOCKJS_TIMES.heartbeatMs });
    return this.#write(HEARTBEAT_FRAME);
  }

  isOver(): boolean {
    return this.state().phase === "closed";
  }

  get #attachment(): Attachment {
    return this.#socket.deserializeAttachment() as Attachment;
  }

  #attach(changes: Partial<Attachment>): void {
    this.#socket.serializeAttachment({ ...this.#attachment, ...changes } satisfies Attachment);
  }

  #unreadAt(now: number): number {
    const { chars, at } = this.#attachment.unread;
    return Math.max(0, chars - ((now - at) / 1000) * READ_CHARS_PER_SECOND);
  }

  #isSilent(): boolean {
    const { stomp, heardAt } = this.#attachment;
    if (stomp.phase !== "connected" || stomp.beatEveryMs === 0) return false;
    const toleratedMs = Math.max(SILENT_BEATS * stomp.beatEveryMs, SILENT_MIN_MS);
    return this.#now() - Math.max(heardAt, this.#lastEchoedAt()) > toleratedMs;
  }

  /** A socket whose peer has gone may refuse before its close has been handled. */
  #write(text: string): boolean {
    try {
      this.#socket.send(text);
      return true;
    } catch {
      return false;
    }
  }
}

function isBeating(everyMs: number): boolean {
  return everyMs > 0 && everyMs <= QUIET_MS;
}
