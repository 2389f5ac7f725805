import { protocolError } from "./ending.ts";
import type { Frame } from "./frame.ts";
import { STOMP_LIMITS } from "./limits.ts";
import { receiptOf, wantedReceipt } from "./receipt.ts";
import { remembers } from "./remembered.ts";
import type { AppCaller, AppRequest, Connected, SessionEffect, Step } from "./session-state.ts";

/** A SEND is a request to this service (spec 8.4): there is no destination that passes messages on to others. */
export function onSend(state: Connected, frame: Frame): Step {
  const destination = frame.headers.get("destination");
  if (destination === undefined) return protocolError(state, "SEND needs a destination", frame);
  const request = { destination, headers: Object.fromEntries(frame.headers), body: frame.body };
  const receipt = wantedReceipt(frame);
  const transactionId = frame.headers.get("transaction");
  if (transactionId === undefined) return { state, effects: [{ type: "request", caller: callerOf(state), request, receipt }] };
  return hold(state, frame, request, transactionId);
}

function hold(state: Connected, frame: Frame, request: AppRequest, transactionId: string): Step {
  const bytes = sizeOf(request);
  const effects: SessionEffect[] = [];
  const transactions = state.transactions.map((one) => {
    if (one.id !== transactionId) return one;
    effects.push({ type: "hold", transaction: one.number, request });
    return { ...one, sends: one.sends + 1, bytes: one.bytes + bytes };
  });
  const held = transactions.reduce((sum, one) => ({ sends: sum.sends + one.sends, bytes: sum.bytes + one.bytes }), { sends: 0, bytes: 0 });
  if (held.sends > STOMP_LIMITS.heldSends || held.bytes > STOMP_LIMITS.heldBytes) {
    return protocolError(state, "The transactions are too large", frame);
  }
  return { state: { ...state, transactions }, effects: [...effects, ...receiptOf(state, wantedReceipt(frame))] };
}

export function onBegin(state: Connected, frame: Frame, id: string): Step {
  if (state.transactions.some((one) => one.id === id)) return protocolError(state, "This transaction has begun already", frame);
  const transactions = [...state.transactions, { id, number: state.nextTransaction, sends: 0, bytes: 0 }];
  const next = { ...state, transactions, nextTransaction: state.nextTransaction + 1 };
  if (transactions.length > STOMP_LIMITS.transactions || !remembers(next)) return protocolError(state, "Too many transactions", frame);
  return { state: next, effects: [] };
}

export function onCommit(state: Connected, frame: Frame, id: string): Step {
  const transaction = state.transactions.find((one) => one.id === id);
  const receipt = wantedReceipt(frame);
  const next = without(state, id);
  if (!transaction || transaction.sends === 0) return { state: next, effects: receiptOf(next, receipt) };
  return { state: next, effects: [{ type: "perform", caller: callerOf(state), transaction: transaction.number, receipt }] };
}

export function onAbort(state: Connected, id: string): Step {
  const dropped = state.transactions.filter((one) => one.id === id && one.sends > 0);
  return { state: without(state, id), effects: dropped.map(({ number }) => ({ type: "drop", transaction: number })) };
}

function without(state: Connected, id: string): Connected {
  return { ...state, transactions: state.transactions.filter((one) => one.id !== id) };
}

function callerOf({ session, userId, authSessionId, scopes, language }: Connected): AppCaller {
  return { session, userId, authSessionId, scopes, language };
}

const sizeOf = ({ headers, body }: AppRequest): number => new TextEncoder().encode(JSON.stringify(headers) + body).byteLength;
