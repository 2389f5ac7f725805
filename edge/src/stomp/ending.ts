import { encodeFrame, type Frame } from "./frame.ts";
import { type SessionEffect, type SessionState, type Step, versionOf } from "./session-state.ts";

/** Codes that may be sent on the wire; SockJS puts the same ones into its `c[]` frame. */
export const CLOSE_CODES = { normal: 1000, protocolError: 1002, policy: 1008, internalError: 1011 } as const;

interface Failure {
  code: number;
  message: string;
  /** The frame that is to blame; its receipt is named in the ERROR. */
  frame?: Frame;
  headers?: Record<string, string>;
  body?: string;
}

/** One ERROR frame, then the end: nothing that comes after it is handled (1.2, "ERROR"). */
export function fail(state: SessionState, { code, message, frame, headers, body }: Failure): Step {
  if (state.phase === "closed") return { state, effects: [] };
  const contentType = body === undefined ? undefined : "text/plain";
  const allHeaders = { message, "receipt-id": frame?.headers.get("receipt"), ...headers, "content-type": contentType };
  const text = encodeFrame(versionOf(state), "ERROR", allHeaders, body);
  return end(state, [
    { type: "send", text },
    { type: "close", code, reason: closeReason(message) },
  ]);
}

export function protocolError(state: SessionState, message: string, frame: Frame): Step {
  return fail(state, { code: CLOSE_CODES.protocolError, message, frame });
}

/** Nothing more is sent or expected; a user's hub is told last, when the peer already knows. */
export function end(state: SessionState, effects: readonly SessionEffect[]): Step {
  const leave: SessionEffect[] = state.phase === "connected" ? [{ type: "leave", userId: state.userId, session: state.session }] : [];
  return { state: { phase: "closed" }, effects: [...effects, ...leave] };
}

/** A close frame takes at most 123 bytes of reason, which 42 Chinese characters already exceed. */
function closeReason(message: string): string {
  const bytes = new Uint8Array(123);
  const { read } = new TextEncoder().encodeInto(message, bytes);
  return message.slice(0, read);
}
