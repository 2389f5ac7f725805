import { PUSH_DESTINATIONS } from "@star-graph/shared/push";
import { encodeFrame } from "./frame.ts";
import { receiptOf } from "./receipt.ts";
import type { AppReply, Connected, Push, SessionEffect, Step, Subscription } from "./session-state.ts";

type ConnectedStep = Step & { readonly state: Connected };

interface Message {
  headers: Readonly<Record<string, string>>;
  body: string;
  isDroppable?: boolean;
}

/** What the hub pushed, to each subscription of its destination that has not had it; none, and nothing happens. */
export function onPush(state: Connected, pushes: readonly Push[]): ConnectedStep {
  let step: ConnectedStep = { state, effects: [] };
  for (const { destination, eventId, body, isDroppable } of pushes) {
    const message = { headers: { "event-id": String(eventId) }, body, isDroppable };
    step = sendTo(step, (one) => one.destination === destination && one.hadUpTo < eventId, message);
    const subscriptions = step.state.subscriptions.map((one) =>
      one.destination === destination && one.hadUpTo < eventId ? { ...one, hadUpTo: eventId } : one,
    );
    step = { ...step, state: { ...step.state, subscriptions } };
  }
  return step;
}

/** What the session's own requests were answered, and the receipt that was asked for with them. */
export function onReplied(state: Connected, replies: readonly AppReply[], receipt: string | null): Step {
  let step: ConnectedStep = { state, effects: [] };
  for (const reply of replies) step = sendTo(step, (one) => one.destination === PUSH_DESTINATIONS.reply, reply);
  return { ...step, effects: [...step.effects, ...receiptOf(state, receipt)] };
}

/** One MESSAGE to each of those subscriptions, which names the destination as the client subscribed it. */
export function sendTo({ state, effects }: ConnectedStep, isMeant: (one: Subscription) => boolean, message: Message): ConnectedStep {
  let { nextMessageId } = state;
  const sends: SessionEffect[] = [];
  for (const subscription of state.subscriptions) {
    if (!isMeant(subscription)) continue;
    const text = encodeFrame(state.version, "MESSAGE", headersOf(state, subscription, String(nextMessageId), message), message.body);
    sends.push({ type: "send", text, ...(message.isDroppable && { isDroppable: true as const }) });
    nextMessageId += 1;
  }
  return { state: { ...state, nextMessageId }, effects: [...effects, ...sends] };
}

function headersOf({ version }: Connected, { id, destination, ack }: Subscription, messageId: string, { headers }: Message) {
  return {
    subscription: id ?? undefined,
    "message-id": messageId,
    destination,
    "content-type": "application/json",
    ack: ack !== "auto" && version === "1.2" ? messageId : undefined,
    ...headers,
  };
}
