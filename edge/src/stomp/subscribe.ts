import { type GapMessage, PUSH_DESTINATIONS } from "@star-graph/shared/push";
import { protocolError } from "./ending.ts";
import type { Frame } from "./frame.ts";
import { STOMP_LIMITS } from "./limits.ts";
import { sendTo } from "./message.ts";
import { receiptOf, wantedReceipt } from "./receipt.ts";
import { remembers } from "./remembered.ts";
import { type Connected, isAckMode, type SessionEvent, type Step, type Subscription } from "./session-state.ts";

const EVENT_ID = /^\d{1,15}$/;

/** Where the hub publishes. Replies are the session's own affair. */
const PUSHED: ReadonlySet<string> = new Set([PUSH_DESTINATIONS.progress, PUSH_DESTINATIONS.result]);

/** Any destination may be subscribed; those nobody publishes to stay silent, as with Spring's broker. */
export function onSubscribe(state: Connected, frame: Frame): Step {
  const destination = frame.headers.get("destination");
  const id = frame.headers.get("id") ?? null;
  if (destination === undefined) return protocolError(state, "SUBSCRIBE needs a destination", frame);
  if (id === null && state.version !== "1.0") return protocolError(state, "SUBSCRIBE needs an id", frame);
  const known = state.subscriptions.find((one) => isNamed(one, id, destination));
  // Without ids, 1.0 cannot mean two subscriptions of one destination: a second SUBSCRIBE is the first again.
  if (known && id !== null) return protocolError(state, "This subscription id is in use", frame);
  const ack = frame.headers.get("ack") ?? "auto";
  if (!isAckMode(ack)) return protocolError(state, "ack is none of auto, client and client-individual", frame);
  const lastEventId = frame.headers.get("last-event-id");
  if (lastEventId !== undefined && !EVENT_ID.test(lastEventId)) return protocolError(state, "last-event-id is not a number", frame);
  const after = lastEventId === undefined ? (known?.hadUpTo ?? null) : Number(lastEventId);
  const subscription = { id, destination, ack, hadUpTo: after ?? 0 };
  const next = { ...state, subscriptions: [...state.subscriptions.filter((one) => one !== known), subscription] };
  if (next.subscriptions.length > STOMP_LIMITS.subscriptions || !remembers(next))
    return protocolError(state, "Too many subscriptions", frame);
  const receipt = wantedReceipt(frame);
  if (!PUSHED.has(destination)) return { state: next, effects: receiptOf(next, receipt) };
  return { state: next, effects: [{ type: "subscribe", userId: state.userId, id, destination, after, receipt }] };
}

/** The hub knows of the subscription, and has said from where on it is told. */
export function onSubscribed(
  state: Connected,
  { id, destination, startAfter, gapAfter, receipt }: Extract<SessionEvent, { type: "subscribed" }>,
): Step {
  const isMeant = (one: Subscription) => isNamed(one, id, destination);
  const subscriptions = state.subscriptions.map((one) => (isMeant(one) ? { ...one, hadUpTo: startAfter } : one));
  let step: Step & { state: Connected } = { state: { ...state, subscriptions }, effects: [] };
  if (gapAfter !== null) {
    const gap: GapMessage = { type: "gap", afterEventId: gapAfter, resumedAfterEventId: startAfter };
    step = sendTo(step, isMeant, { headers: {}, body: JSON.stringify(gap) });
  }
  return { ...step, effects: [...step.effects, ...receiptOf(state, receipt)] };
}

/** One that is not there any more is no fault: pages unsubscribe twice. */
export function onUnsubscribe(state: Connected, frame: Frame): Step {
  const id = frame.headers.get("id") ?? null;
  const byDestination = state.version === "1.0" ? frame.headers.get("destination") : undefined;
  if (id === null && byDestination === undefined) return protocolError(state, "UNSUBSCRIBE needs an id", frame);
  const known = state.subscriptions.find((one) => isNamed(one, id, byDestination));
  if (!known) return { state, effects: [] };
  const { destination } = known;
  const subscriptions = state.subscriptions.filter((one) => one !== known);
  const wasLast = PUSHED.has(destination) && !subscriptions.some((one) => one.destination === destination);
  return { state: { ...state, subscriptions }, effects: wasLast ? [{ type: "unsubscribe", userId: state.userId, destination }] : [] };
}

function isNamed(subscription: Subscription, id: string | null, destination: string | undefined): boolean {
  return subscription.id === id && (id !== null || subscription.destination === destination);
}
