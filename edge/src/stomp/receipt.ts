import { encodeFrame, type Frame } from "./frame.ts";
import type { Connected, SessionEffect } from "./session-state.ts";

/** The receipt that a frame asks for, which any but CONNECT may. */
export const wantedReceipt = (frame: Frame): string | null => frame.headers.get("receipt") ?? null;

export function receiptOf(state: Connected, receipt: string | null): SessionEffect[] {
  return receipt === null ? [] : [{ type: "send", text: encodeFrame(state.version, "RECEIPT", { "receipt-id": receipt }) }];
}
