import { PUSH_DESTINATIONS } from "@star-graph/shared/push";
import { encodeFrame } from "./frame.ts";
import type { Connected, SessionEffect, Step } from "./session-state.ts";

/** One MESSAGE to each subscription of the destination, which it names as the client subscribed it; none, and nothing happens. */
export function deliverTo(state: Connected, destination: string, body: string): Step & { state: Connected } {
  let { nextMessageId } = state;
  const effects: SessionEffect[] = [];
  for (const { id, destination: subscribed, acks } of state.subscriptions) {
    if (subscribed !== destination) continue;
    const messageId = String(nextMessageId);
    const headers = {
      subscription: id ?? undefined,
      "message-id": messageId,
      destination,
      "content-type": "application/json",
      ack: acks && state.version === "1.2" ? messageId : undefined,
    };
    const isDroppable = destination === PUSH_DESTINATIONS.progress;
    effects.push({ type: "send", text: encodeFrame(state.version, "MESSAGE", headers, body), isDroppable });
    nextMessageId += 1;
  }
  return { state: { ...state, nextMessageId }, effects };
}
