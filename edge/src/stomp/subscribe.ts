import { PUSH_DESTINATIONS } from "@star-graph/shared/push";
import { protocolError } from "./ending.ts";
import type { Frame } from "./frame.ts";
import { STOMP_LIMITS } from "./limits.ts";
import { remembers } from "./remembered.ts";
import type { Connected, SessionEffect, Step, Subscription } from "./session-state.ts";

const PUSHED: ReadonlySet<string> = new Set(Object.values(PUSH_DESTINATIONS));

/** Any destination may be subscribed; those nobody publishes to stay silent, as with Spring's broker. */
export function onSubscribe(state: Connected, frame: Frame): Step {
  const destination = frame.headers.get("destination");
  const id = frame.headers.get("id") ?? null;
  if (destination === undefined) return protocolError(state, "SUBSCRIBE needs a destination", frame);
  if (id === null && state.version !== "1.0") return protocolError(state, "SUBSCRIBE needs an id", frame);
  const known = state.subscriptions.find((one) => isNamed(one, id, destination));
  // Without ids, 1.0 cannot mean two subscriptions of one destination: a second SUBSCRIBE is the first again.
  if (known && id !== null) return protocolError(state, "This subscription id is in use", frame);
  const subscription = { id, destination, acks: (frame.headers.get("ack") ?? "auto") !== "auto" };
  const next = { ...state, subscriptions: [...state.subscriptions.filter((one) => one !== known), subscription] };
  if (next.subscriptions.length > STOMP_LIMITS.subscriptions || !remembers(next))
    return protocolError(state, "Too many subscriptions", frame);
  const effects: SessionEffect[] = PUSHED.has(destination) ? [{ type: "subscribe", userId: state.userId, destination }] : [];
  return { state: next, effects };
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
