import { PUSH_DESTINATIONS } from "@star-graph/shared/push";
import { ERRORS } from "@star-graph/shared/errors";
import { protocolError } from "./ending.ts";
import type { Frame } from "./frame.ts";
import { deliverTo } from "./message.ts";
import { remembers } from "./remembered.ts";
import type { Connected, SessionEffect, Step } from "./session-state.ts";

export function onSend(state: Connected, frame: Frame): Step {
  const destination = frame.headers.get("destination");
  if (destination === undefined) return protocolError(state, "SEND needs a destination", frame);
  const transactionId = frame.headers.get("transaction");
  if (transactionId === undefined) return send(state, destination);
  const transactions = state.transactions.map((one) => (one.id === transactionId ? { ...one, held: [...one.held, destination] } : one));
  const next = { ...state, transactions };
  return remembers(next) ? { state: next, effects: [] } : protocolError(state, "The transactions are too large", frame);
}

export function onBegin(state: Connected, frame: Frame, id: string): Step {
  if (state.transactions.some((one) => one.id === id)) return protocolError(state, "This transaction has begun already", frame);
  const next = { ...state, transactions: [...state.transactions, { id, held: [] }] };
  return remembers(next) ? { state: next, effects: [] } : protocolError(state, "The transactions are too large", frame);
}

export function onCommit(state: Connected, id: string): Step {
  const held = state.transactions.find((one) => one.id === id)?.held ?? [];
  let next = without(state, id);
  const effects: SessionEffect[] = [];
  for (const destination of held) {
    const step = send(next, destination);
    next = step.state;
    effects.push(...step.effects);
  }
  return { state: next, effects };
}

export function onAbort(state: Connected, id: string): Step {
  return { state: without(state, id), effects: [] };
}

function without(state: Connected, id: string): Connected {
  return { ...state, transactions: state.transactions.filter((one) => one.id !== id) };
}

/** A destination that nothing listens at is the sender's business error: told on its reply queue, and the session lives on. */
function send(state: Connected, destination: string): Step & { state: Connected } {
  const { code, [state.language]: text } = ERRORS.NOT_FOUND;
  return deliverTo(state, PUSH_DESTINATIONS.reply, JSON.stringify({ type: "error", code, message: `${text}: ${destination}` }));
}
