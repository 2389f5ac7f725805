import { Balance, FundRecordPage, FundRecordQuery, Profile, ProfileBody } from "@star-graph/shared/rest/users";
import { Hono } from "hono";
import type { AppEnv } from "../env.ts";
import { ok } from "../http/envelope.ts";
import { requireUser } from "../http/require-user.ts";
import { operation } from "../http/route-facts.ts";
import { validate } from "../http/validate.ts";
import { listFundRecords } from "./list-fund-records.ts";
import { showProfile, updateProfile } from "./profile.ts";

const tag = "Users 用户";
const SHOW_PROFILE = operation({ tag, summary: "Who I am / 用户信息", answer: Profile });
const UPDATE_PROFILE = operation({
  tag,
  summary: "Change my profile / 更新用户信息",
  success: "PROFILE_UPDATED",
  description: "What is absent stays. `avatar` is a PNG or JPEG in base64, or a URL; null or empty brings the default back.",
  answer: Profile,
  errors: ["UNSUPPORTED_IMAGE", "SENSITIVE_CONTENT"],
});
const BALANCE = operation({ tag, summary: "Credits / 积分余额", answer: Balance });
const FUND_RECORDS = operation({
  tag,
  summary: "What moved or froze my credits / 积分记录",
  description: "`sort` takes `createTime`. The amounts of all records add up to the balance; FREEZE and UNFREEZE have the amount 0.",
  answer: FundRecordPage,
});

/** Spec chapter 4. */
export const users = new Hono<AppEnv>()
  .get("/profile", SHOW_PROFILE, requireUser, async (c) => {
    return ok(c, await showProfile(c.var.deps, c.var.user.id));
  })
  .put("/profile", UPDATE_PROFILE, requireUser, validate("json", ProfileBody), async (c) => {
    const profile = await updateProfile(c.var.deps, c.var.user.id, c.req.valid("json"), Date.now());
    return ok(c, profile);
  })
  .get("/balance", BALANCE, requireUser, async (c) => {
    return ok(c, await c.var.deps.readBalance(c.var.user.id, Date.now()));
  })
  .get("/fund-records", FUND_RECORDS, requireUser, validate("query", FundRecordQuery), async (c) => {
    return ok(c, await listFundRecords(c.var.deps, c.var.user.id, c.req.valid("query")));
  });
