import { onClientFrame } from "./client-frame.ts";
import { onAuthenticated, onConnect, onRefused } from "./connect.ts";
import { CLOSE_CODES, end, fail, protocolError } from "./ending.ts";
import type { Frame } from "./frame.ts";
import { onPush, onReplied } from "./message.ts";
import { type Connected, dueAt, type SessionEvent, type SessionState, type Step } from "./session-state.ts";
import { onSubscribed } from "./subscribe.ts";

/**
 * One STOMP session, whatever carries it. Effects are carried out in order and to the end before the next event:
 * a CONNECT that is still being checked must be answered before the SUBSCRIBE that came right behind it.
 */
export function onSessionEvent(state: SessionState, event: SessionEvent, now: number): Step {
  switch (event.type) {
    case "frame":
      return onFrame(state, event.frame);
    case "broken":
      return fail(state, { code: CLOSE_CODES.protocolError, message: event.problem });
    case "authenticated":
      return state.phase === "authenticating" ? onAuthenticated(state, event.user, event.session) : unchanged(state);
    case "refused":
      return state.phase === "authenticating" ? onRefused(state) : unchanged(state);
    case "failed":
      return fail(state, { code: CLOSE_CODES.internalError, message: "Unavailable, try again later" });
    case "subscribed":
      return state.phase === "connected" ? onSubscribed(state, event) : unchanged(state);
    case "push":
      return state.phase === "connected" ? onPush(state, event.pushes) : unchanged(state);
    case "replied":
      return isOf(state, event.session) ? onReplied(state, event.replies, event.receipt) : unchanged(state);
    case "due":
      return onDue(state, now);
    case "ended":
      if (event.session !== undefined && !isOf(state, event.session)) return unchanged(state);
      return fail(state, { code: CLOSE_CODES.policy, message: event.reason });
    case "lost":
      return end(state, []);
  }
}

function onFrame(state: SessionState, frame: Frame): Step {
  switch (state.phase) {
    case "awaiting-connect":
      return onConnect(state, frame);
    case "authenticating":
      return protocolError(state, "CONNECT has not been answered yet", frame);
    case "connected":
      return onClientFrame(state, frame);
    case "closed":
      return unchanged(state);
  }
}

function onDue(state: SessionState, now: number): Step {
  const due = dueAt(state);
  if (due === null || now < due) return unchanged(state);
  const message = state.phase === "connected" ? "The token has expired" : "No CONNECT in time";
  return fail(state, { code: CLOSE_CODES.policy, message });
}

/** Calls of others may come late, when their session has ended and the next has begun. */
export function isOf(state: SessionState, session: string): state is Connected {
  return state.phase === "connected" && state.session === session;
}

function unchanged(state: SessionState): Step {
  return { state, effects: [] };
}
