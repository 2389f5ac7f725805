import { z } from "zod";
import { WireTime } from "../wire-time.ts";

/** Answer of `GET /api/v1/users/webhook-secret` and of its rotation. */
export const WebhookSecret = z.object({
  secret: z.string().describe("`whsec_…`, as Standard Webhooks libraries take it"),
  alsoSignedUntil: WireTime.nullable().describe("until then callbacks are signed with the secret before this one as well"),
});
export type WebhookSecret = z.infer<typeof WebhookSecret>;

/** One try to deliver a task's callback. */
export const WebhookDelivery = z.object({
  attempt: z.int(),
  url: z.string(),
  time: WireTime,
  durationMs: z.int(),
  httpStatus: z.int().nullable().describe("the receiver's answer"),
  error: z.string().nullable().describe("why there was none"),
  isDelivered: z.boolean(),
  nextTime: WireTime.nullable().describe("when it is tried again; null when it arrived or was given up"),
});
export const WebhookDeliveries = z.object({ callbackUrl: z.string().nullable(), deliveries: z.array(WebhookDelivery) });
export type WebhookDeliveries = z.infer<typeof WebhookDeliveries>;
