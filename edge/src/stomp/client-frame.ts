import { CLOSE_CODES, end, protocolError } from "./ending.ts";
import type { Frame } from "./frame.ts";
import { receiptOf, wantedReceipt } from "./receipt.ts";
import type { Connected, Step } from "./session-state.ts";
import { onSubscribe, onUnsubscribe } from "./subscribe.ts";
import { onAbort, onBegin, onCommit, onSend } from "./transaction.ts";

/** Handles a frame of a connected client. A receipt may be asked for with any; it says that the frame has been dealt with. */
export function onClientFrame(state: Connected, frame: Frame): Step {
  if (frame.body !== "" && frame.command !== "SEND") return protocolError(state, "Only SEND may have a body", frame);
  const transactionId = frame.headers.get("transaction");
  if (transactionId !== undefined && frame.command !== "BEGIN" && !state.transactions.some((one) => one.id === transactionId)) {
    return protocolError(state, "This transaction has not begun", frame);
  }
  switch (frame.command) {
    // These are dealt with later, and their receipts with them.
    case "SEND":
      return onSend(state, frame);
    case "SUBSCRIBE":
      return onSubscribe(state, frame);
    case "COMMIT":
      return transactionId === undefined
        ? protocolError(state, "COMMIT needs a transaction", frame)
        : onCommit(state, frame, transactionId);
    case "DISCONNECT":
      return end(state, [...receiptOf(state, wantedReceipt(frame)), { type: "close", code: CLOSE_CODES.normal, reason: "" }]);
    default:
      return withReceipt(handle(state, frame, transactionId), frame);
  }
}

function handle(state: Connected, frame: Frame, transactionId: string | undefined): Step {
  switch (frame.command) {
    case "UNSUBSCRIBE":
      return onUnsubscribe(state, frame);
    case "ACK":
    case "NACK":
      // Nothing is sent again in a session, so there is nothing to note, nor to hold for a COMMIT.
      return acknowledges(state, frame) ? { state, effects: [] } : protocolError(state, `${frame.command} names no message`, frame);
    case "BEGIN":
      return transactionId === undefined ? protocolError(state, "BEGIN needs a transaction", frame) : onBegin(state, frame, transactionId);
    case "ABORT":
      return transactionId === undefined ? protocolError(state, "ABORT needs a transaction", frame) : onAbort(state, transactionId);
    case "CONNECT":
    case "STOMP":
      return protocolError(state, "Already connected", frame);
    default:
      return protocolError(state, "Unknown command", frame);
  }
}

/** Whether it names a message that was sent, as its version names them. */
function acknowledges({ version, nextMessageId }: Connected, { headers }: Frame): boolean {
  const messageId = version === "1.2" ? headers.get("id") : headers.get("message-id");
  if (version === "1.1" && !headers.has("subscription")) return false;
  return messageId !== undefined && /^[1-9]\d{0,15}$/.test(messageId) && Number(messageId) < nextMessageId;
}

function withReceipt(step: Step, frame: Frame): Step {
  if (step.state.phase !== "connected") return step;
  return { ...step, effects: [...step.effects, ...receiptOf(step.state, wantedReceipt(frame))] };
}
