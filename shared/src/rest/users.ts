import { z } from "zod";
import { PageQuery, pageOf } from "../page.ts";
import { WireTime } from "../wire-time.ts";

/** Answer of `GET /api/v1/users/balance` (spec 4.3), in credits; `freezed` is the document's spelling. */
export const Balance = z.object({
  balance: z.int().describe("credits the user owns"),
  freezed: z.int().describe("credits that running tasks hold"),
  available: z.int().describe("`balance` less `freezed`"),
  todayUsed: z.int().describe("charged in the current UTC day"),
  monthUsed: z.int().describe("charged in the current UTC month"),
});
export type Balance = z.infer<typeof Balance>;

/** Answer of `GET` and `PUT /api/v1/users/profile` (spec 4.1), field by field as there. */
export const Profile = z.object({
  id: z.int(),
  username: z.string(),
  nickname: z.string(),
  email: z.string().nullable(),
  phone: z.string().nullable(),
  avatar: z.string().describe("URL; a default picture while none is set"),
  balance: z.int().describe("credits"),
  vipLevel: z.int(),
  vipExpireTime: WireTime.nullable(),
  createTime: WireTime,
  updateTime: WireTime,
});
export type Profile = z.infer<typeof Profile>;

const cleared = z.literal("").transform(() => null);

/** Body of `PUT /api/v1/users/profile` (spec 4.2). What is absent stays; null or "" takes a value away. */
export const ProfileBody = z.object({
  nickname: z.string().trim().min(1).max(32).optional(),
  email: z.union([z.email().max(254), cleared]).nullish(),
  phone: z
    .union([z.string().regex(/^\+?\d{5,15}$/), cleared])
    .nullish()
    .describe("digits, with a + in front of a country code"),
  avatar: z.string().nullish().describe("PNG or JPEG of at most 10 MB in base64 (with or without `data:`), or a URL"),
});
export type ProfileBody = z.infer<typeof ProfileBody>;

/** Types that move the balance, and the two that only freeze a part of it (decisions, "Credits"). */
export const FundRecordType = z.enum(["RECHARGE", "DEDUCT", "REFUND", "ADJUST", "EARN", "FREEZE", "UNFREEZE"]);
export type FundRecordType = z.infer<typeof FundRecordType>;

/** One line of `GET /api/v1/users/fund-records` (spec 4.4). */
export const FundRecord = z.object({
  id: z.int(),
  type: FundRecordType,
  amount: z.int().describe("signed change of the balance; 0 for FREEZE and UNFREEZE"),
  balance: z.int().describe("after it"),
  frozen: z.int().optional().describe("signed change of the frozen credits, for FREEZE and UNFREEZE"),
  reason: z.string(),
  taskId: z.string().nullable(),
  createTime: WireTime,
});
export type FundRecord = z.infer<typeof FundRecord>;

export const FUND_RECORD_SORT_FIELDS = ["createTime"] as const;

/** Query of `GET /api/v1/users/fund-records`. */
export const FundRecordQuery = PageQuery.extend({
  type: FundRecordType.optional(),
  sort: z.enum(FUND_RECORD_SORT_FIELDS).default("createTime"),
});
export type FundRecordQuery = z.infer<typeof FundRecordQuery>;
export const FundRecordPage = pageOf(FundRecord);
