import { z } from "zod";
import { PageQuery, pageOf } from "../../page.ts";
import { WireTime } from "../../wire-time.ts";
import { NewPassword, Username } from "../auth.ts";
import { Flag, GivenTime, Id } from "./fields.ts";

/** `/api/v1/admin/users`. */

const Role = z.enum(["USER", "ADMIN"]);

export const UserParam = z.object({ userId: Id });

export const UserQuery = PageQuery.extend({
  sort: z.enum(["createTime", "username", "balance"]).default("createTime"),
  search: z.string().trim().min(1).max(64).optional().describe("part of username, nickname, email or phone"),
  role: Role.optional(),
  disabled: Flag.optional(),
});
export type UserQuery = z.infer<typeof UserQuery>;

export const AdminUser = z.object({
  id: z.int(),
  username: z.string(),
  nickname: z.string(),
  email: z.string().nullable(),
  phone: z.string().nullable(),
  role: Role,
  disabled: z.boolean(),
  vipLevel: z.int(),
  vipExpireTime: WireTime.nullable(),
  balance: z.int(),
  freezed: z.int(),
  createTime: WireTime,
  updateTime: WireTime,
});
export type AdminUser = z.infer<typeof AdminUser>;
export const AdminUserPage = pageOf(AdminUser);

const VipLevel = z.int().min(0).max(10);

export const NewUser = z.object({
  username: Username,
  password: NewPassword.optional().describe("MD5 in hex, or plain; when left out, one is made and shown once"),
  nickname: z.string().trim().min(1).max(64).optional(),
  role: Role.default("USER"),
  credits: z.int().min(0).max(1_000_000_000).default(0),
});
export type NewUser = z.infer<typeof NewUser>;

export const CreatedUser = AdminUser.extend({ password: z.string().optional().describe("when none was given: shown this once") });
export type CreatedUser = z.infer<typeof CreatedUser>;

export const UserChange = z
  .object({
    disabled: z.boolean().describe("true ends sessions, keys and sockets at once"),
    role: Role,
    vipLevel: VipLevel,
    vipExpireTime: GivenTime.nullable().describe("null: for ever"),
    nickname: z.string().trim().min(1).max(64),
  })
  .partial()
  .refine((change) => Object.keys(change).length > 0, "nothing to change");
export type UserChange = z.infer<typeof UserChange>;
