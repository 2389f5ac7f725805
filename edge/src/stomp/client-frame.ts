import { CLOSE_CODES, end, protocolError } from "./ending.ts";
import { encodeFrame, type Frame } from "./frame.ts";
import type { Connected, SessionEffect, Step } from "./session-state.ts";
import { onSubscribe, onUnsubscribe } from "./subscribe.ts";
import { onAbort, onBegin, onCommit, onSend } from "./transaction.ts";

/** Handles a frame of a connected client, and its receipt, which may be asked for with any frame. */
export function onClientFrame(state: Connected, frame: Frame): Step {
  const receipt = receiptFor(state, frame);
  if (frame.command === "DISCONNECT") return end(state, [...receipt, { type: "close", code: CLOSE_CODES.normal, reason: "" }]);
  const step = handle(state, frame);
  return step.state.phase === "closed" ? step : { ...step, effects: [...step.effects, ...receipt] };
}

function handle(state: Connected, frame: Frame): Step {
  const transactionId = frame.headers.get("transaction");
  if (transactionId !== undefined && frame.command !== "BEGIN" && !state.transactions.some((one) => one.id === transactionId)) {
    return protocolError(state, "This transaction has not begun", frame);
  }
  switch (frame.command) {
    case "SEND":
      return onSend(state, frame);
    case "SUBSCRIBE":
      return onSubscribe(state, frame);
    case "UNSUBSCRIBE":
      return onUnsubscribe(state, frame);
    case "ACK":
    case "NACK":
      // Nothing is sent again, so there is nothing to note.
      return isAcknowledging(state, frame) ? { state, effects: [] } : protocolError(state, `${frame.command} names no message`, frame);
    case "BEGIN":
      return transactionId === undefined ? protocolError(state, "BEGIN needs a transaction", frame) : onBegin(state, frame, transactionId);
    case "COMMIT":
      return transactionId === undefined ? protocolError(state, "COMMIT needs a transaction", frame) : onCommit(state, transactionId);
    case "ABORT":
      return transactionId === undefined ? protocolError(state, "ABORT needs a transaction", frame) : onAbort(state, transactionId);
    case "CONNECT":
    case "STOMP":
      return protocolError(state, "Already connected", frame);
    default:
      return protocolError(state, "Unknown command", frame);
  }
}

function isAcknowledging({ version }: Connected, { headers }: Frame): boolean {
  if (version === "1.2") return headers.has("id");
  return headers.has("message-id") && (version === "1.0" || headers.has("subscription"));
}

function receiptFor(state: Connected, frame: Frame): SessionEffect[] {
  const receipt = frame.headers.get("receipt");
  return receipt === undefined ? [] : [{ type: "send", text: encodeFrame(state.version, "RECEIPT", { "receipt-id": receipt }) }];
}
