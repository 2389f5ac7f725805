import { closeFrame, HEARTBEAT_FRAME, messagesFrame, OPEN_FRAME } from "./frames.ts";
import type { Receiving } from "./session-path.ts";
import { TRANSPORTS } from "./transports.ts";
import { makeRoom, type Waiting } from "./waiting.ts";

export const SOCKJS_TIMES = { disconnectMs: 5000, heartbeatMs: 25_000 } as const;
/** Browsers keep all of a response in memory: after so much a new one is begun. */
const RESPONSE_BYTES = 128 * 1024;

/** The one response through which the client is receiving. */
interface Receiver {
  readonly id: number;
  readonly transport: Receiving;
  readonly callback: string;
  readonly sentBytes: number;
  /** Whether all that was written has been taken, so that what is written now is not merely buffered. */
  readonly hasTaken: boolean;
  /** When the frame that ends this response was written, Unix milliseconds; null while more may follow. */
  readonly endedAt: number | null;
}

interface Open {
  readonly phase: "open";
  readonly receiver: Receiver | null;
  readonly waiting: readonly Waiting[];
  readonly nextSeq: number;
  /** While somebody receives: the next heart-beat. Otherwise the end. */
  readonly due: number;
}

/** Over; whoever still asks is told so, after what had to be said before. */
interface Closed {
  readonly phase: "closed";
  readonly code: number;
  readonly reason: string;
  readonly waiting: readonly Waiting[];
  readonly due: number;
}

export type HttpSession = { readonly phase: "none" } | Open | Closed;

export type HttpEvent =
  /** A request that receives. */
  | { type: "receive"; receiverId: number; transport: Receiving; callback: string }
  /** All that was written to it has been taken. */
  | { type: "taken"; receiverId: number }
  /** The client has left in the middle of it. */
  | { type: "gone"; receiverId: number }
  /** `isLastWord`: why the session ends, for which there is always room. */
  | { type: "send"; text: string; isDroppable: boolean; isLastWord?: boolean }
  | { type: "close"; code: number; reason: string }
  | { type: "due" };

/** To be carried out in order. */
export type HttpEffect =
  | { type: "write"; receiverId: number; text: string; isLast: boolean }
  | { type: "keep"; message: Waiting }
  | { type: "discard"; messages: readonly Waiting[] }
  /** Whether something has been written of which nobody knows yet that it was taken. Has to outlive the object. */
  | { type: "writing"; isWriting: boolean }
  | { type: "closed"; code: number; reason: string; due: number }
  /** What was carried must learn that its client is gone. */
  | { type: "lost" }
  /** Nothing of the session matters any more. */
  | { type: "forget" };

export interface HttpStep {
  readonly state: HttpSession;
  readonly effects: readonly HttpEffect[];
}

const INTERRUPTED = { code: 1002, reason: "Connection interrupted" };
const OCCUPIED = closeFrame(2010, "Another connection still open");
const TOO_SLOW = { code: 1008, reason: "Too slow: more messages wait than are kept" };

/** A SockJS session over plain HTTP: a request to receive, another after it, and what waits in between (SockJS 0.3.3). */
export function onHttpEvent(state: HttpSession, event: HttpEvent, now: number): HttpStep {
  switch (event.type) {
    case "receive":
      return onReceive(state, event, now);
    case "taken":
      return onTaken(state, event.receiverId, now);
    case "gone":
      return isReceiving(state, event.receiverId) ? interrupt({ ...state, receiver: null }, INTERRUPTED, now) : unchanged(state);
    case "send":
      return state.phase === "open" ? onSend(state, event, now) : unchanged(state);
    case "close":
      return state.phase === "open" ? onClose(state, event, now) : unchanged(state);
    case "due":
      return onDue(state, now);
  }
}

/** When the session wants the event "due" next; null for never. */
export function httpDueAt(state: HttpSession): number | null {
  return state.phase === "none" ? null : state.due;
}

/**
 * The session as it is known after the object was evicted: whoever was receiving has been cut off, and may come back,
 * unless it is not known what of a response has arrived.
 */
export function resumeSession(waiting: readonly Waiting[], wasWriting: boolean, now: number): HttpStep {
  const due = now + SOCKJS_TIMES.disconnectMs;
  const state: Open = { phase: "open", receiver: null, waiting, nextSeq: (waiting.at(-1)?.seq ?? 0) + 1, due };
  return wasWriting ? interrupt(state, INTERRUPTED, now) : unchanged(state);
}

function onReceive(state: HttpSession, event: Extract<HttpEvent, { type: "receive" }>, now: number): HttpStep {
  const { receiverId: id, transport, callback } = event;
  const asked: Receiver = { id, transport, callback, sentBytes: 0, hasTaken: true, endedAt: null };
  const prelude = TRANSPORTS[transport].prelude(callback);
  switch (state.phase) {
    case "none": {
      const opened: Open = { phase: "open", receiver: asked, waiting: [], nextSeq: 1, due: now + SOCKJS_TIMES.heartbeatMs };
      return write(opened, asked, OPEN_FRAME, now, prelude);
    }
    case "closed":
      return onReceiveAfterEnd(state, asked, prelude);
    case "open": {
      if (state.receiver) return { state, effects: [refusal(asked, prelude, OCCUPIED)] };
      const next: Open = { ...state, receiver: { ...asked, hasTaken: prelude === "" }, due: now + SOCKJS_TIMES.heartbeatMs };
      if (state.waiting.length > 0) return writeWaiting(next, asked, now, prelude);
      return { state: next, effects: prelude === "" ? [] : [{ type: "write", receiverId: id, text: prelude, isLast: false }] };
    }
  }
}

function onReceiveAfterEnd(state: Closed, asked: Receiver, prelude: string): HttpStep {
  const { code, reason, waiting } = state;
  if (waiting.length === 0) return { state, effects: [refusal(asked, prelude, closeFrame(code, reason))] };
  const { write: encode, isStreaming } = TRANSPORTS[asked.transport];
  const messages = encode(messagesFrame(waiting.map(({ text }) => text)), asked.callback);
  const close = isStreaming ? encode(closeFrame(code, reason), asked.callback) : "";
  return {
    state: { ...state, waiting: [] },
    effects: [
      { type: "write", receiverId: asked.id, text: prelude + messages + close, isLast: true },
      { type: "discard", messages: waiting },
    ],
  };
}

/** Tells a request why it receives nothing more. */
function refusal({ id, transport, callback }: Receiver, prelude: string, frame: string): HttpEffect {
  return { type: "write", receiverId: id, text: prelude + TRANSPORTS[transport].write(frame, callback), isLast: true };
}

function onTaken(state: HttpSession, receiverId: number, now: number): HttpStep {
  if (!isReceiving(state, receiverId)) return unchanged(state);
  const arrived: HttpEffect = { type: "writing", isWriting: false };
  if (state.receiver.endedAt !== null) {
    return { state: { ...state, receiver: null, due: now + SOCKJS_TIMES.disconnectMs }, effects: [arrived] };
  }
  const receiver = { ...state.receiver, hasTaken: true };
  const next = { ...state, receiver };
  return state.waiting.length > 0 ? writeWaiting(next, receiver, now) : { state: next, effects: state.receiver.hasTaken ? [] : [arrived] };
}

function onSend(state: Open, { text, isDroppable, isLastWord = false }: Extract<HttpEvent, { type: "send" }>, now: number): HttpStep {
  if (state.receiver?.hasTaken) return write(state, state.receiver, messagesFrame([text]), now);
  // A beat that waits already says as much as two.
  if (isDroppable && state.waiting.some((one) => one.text === text)) return unchanged(state);
  const message: Waiting = { seq: state.nextSeq, text, isDroppable };
  const wanted = [...state.waiting, message];
  const room = isLastWord ? { kept: wanted, dropped: [] } : makeRoom(wanted);
  if (!room) return giveUp(state, now);
  const next: Open = { ...state, waiting: room.kept, nextSeq: state.nextSeq + 1 };
  const kept: HttpEffect[] = room.kept.includes(message) ? [{ type: "keep", message }] : [];
  const dropped = room.dropped.filter((one) => one !== message);
  return { state: next, effects: [...kept, ...(dropped.length > 0 ? [{ type: "discard" as const, messages: dropped }] : [])] };
}

/** The carried session has ended: its last words go out first, then the reason. */
function onClose(state: Open, { code, reason }: Extract<HttpEvent, { type: "close" }>, now: number): HttpStep {
  const closed = { phase: "closed", code, reason, waiting: state.waiting, due: now + SOCKJS_TIMES.disconnectMs } as const;
  const noted: HttpEffect = { type: "closed", code, reason, due: closed.due };
  const { receiver } = state;
  if (!receiver || receiver.endedAt !== null) return { state: closed, effects: [noted] };
  const step = onReceiveAfterEnd(closed, receiver, "");
  return { ...step, effects: [noted, ...step.effects] };
}

/** What waits is whole up to here: who fetches it goes on behind it in another session. */
function giveUp(state: Open, now: number): HttpStep {
  const { state: closed, effects } = onClose(state, { type: "close", ...TOO_SLOW }, now);
  return { state: closed, effects: [...effects, { type: "lost" }] };
}

/** Something may have been lost on the way, so that nobody can go on from here. */
function interrupt(state: Open, { code, reason }: { code: number; reason: string }, now: number): HttpStep {
  const due = now + SOCKJS_TIMES.disconnectMs;
  const told: HttpEffect[] = state.receiver?.endedAt === null ? [refusal(state.receiver, "", closeFrame(code, reason))] : [];
  return {
    state: { phase: "closed", code, reason, waiting: [], due },
    effects: [...told, { type: "discard", messages: state.waiting }, { type: "closed", code, reason, due }, { type: "lost" }],
  };
}

function onDue(state: HttpSession, now: number): HttpStep {
  if (state.phase === "none" || now < state.due) return unchanged(state);
  if (state.phase === "closed") return { state: { phase: "none" }, effects: [{ type: "forget" }] };
  if (!state.receiver) return { state: { phase: "none" }, effects: [{ type: "lost" }, { type: "forget" }] };
  // A large answer on a slow line is given as long as a stream is.
  const patientUntil = (state.receiver.endedAt ?? -Infinity) + SOCKJS_TIMES.heartbeatMs;
  if (now < patientUntil) return unchanged({ ...state, due: patientUntil });
  // Nothing of what was written for so long has been taken: nobody reads this response.
  if (!state.receiver.hasTaken) return interrupt(state, INTERRUPTED, now);
  return write(state, state.receiver, HEARTBEAT_FRAME, now);
}

function writeWaiting(state: Open, receiver: Receiver, now: number, prelude = ""): HttpStep {
  const frame = messagesFrame(state.waiting.map(({ text }) => text));
  const step = write({ ...state, waiting: [] }, receiver, frame, now, prelude);
  return { ...step, effects: [...step.effects, { type: "discard", messages: state.waiting }] };
}

function write(state: Open, receiver: Receiver, frame: string, now: number, prelude = ""): HttpStep & { state: Open } {
  const { write: encode, isStreaming } = TRANSPORTS[receiver.transport];
  const text = prelude + encode(frame, receiver.callback);
  const sentBytes = receiver.sentBytes + new TextEncoder().encode(text).byteLength;
  const isLast = !isStreaming || sentBytes >= RESPONSE_BYTES;
  const written: HttpEffect = { type: "write", receiverId: receiver.id, text, isLast };
  const due = now + (isLast ? SOCKJS_TIMES.disconnectMs : SOCKJS_TIMES.heartbeatMs);
  return {
    state: { ...state, receiver: { ...receiver, sentBytes, hasTaken: false, endedAt: isLast ? now : null }, due },
    // A beat that is lost is no loss, and quiet streams are not to write to storage.
    effects: frame === HEARTBEAT_FRAME ? [written] : [{ type: "writing", isWriting: true }, written],
  };
}

function isReceiving(state: HttpSession, receiverId: number): state is Open & { receiver: Receiver } {
  return state.phase === "open" && state.receiver?.id === receiverId;
}

function unchanged(state: HttpSession): HttpStep {
  return { state, effects: [] };
}
