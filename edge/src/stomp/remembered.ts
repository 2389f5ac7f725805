import { STOMP_LIMITS } from "./limits.ts";
import type { Connected } from "./session-state.ts";

/** Names and lengths around one item, and its two bytes a character, as the structured clone of an attachment writes them. */
const BYTES_PER_ITEM = 96;
const BYTES_PER_CHAR = 2;

/** Whether a state still fits into a socket's attachment; one that does not could not be saved at all. */
export function remembers({ subscriptions, transactions }: Connected): boolean {
  const texts = [...subscriptions.map(({ id, destination }) => (id ?? "") + destination), ...transactions.map(({ id }) => id)];
  return texts.reduce((bytes, text) => bytes + BYTES_PER_ITEM + BYTES_PER_CHAR * text.length, 0) <= STOMP_LIMITS.rememberedBytes;
}
