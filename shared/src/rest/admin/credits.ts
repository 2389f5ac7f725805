import { z } from "zod";

/** Credits that an administrator moves. */

const Credits = z.int().min(1).max(1_000_000_000);
const Reason = z.string().trim().min(1).max(200).describe("its user reads it in the fund record");

export const Recharge = z.object({ amount: Credits, reason: Reason });
export type Recharge = z.infer<typeof Recharge>;
export const Adjustment = z.object({
  amount: z
    .int()
    .min(-1_000_000_000)
    .max(1_000_000_000)
    .refine((amount) => amount !== 0, "must not be 0"),
  reason: Reason,
});
export type Adjustment = z.infer<typeof Adjustment>;
export const Refund = z.object({ reason: Reason });
export type Refund = z.infer<typeof Refund>;
/** The account after it. */
export const CreditsAnswer = z.object({ userId: z.int(), amount: z.int(), balance: z.int(), freezed: z.int(), available: z.int() });
export type CreditsAnswer = z.infer<typeof CreditsAnswer>;
