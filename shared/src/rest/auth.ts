import { z } from "zod";
import { PageQuery, pageOf } from "../page.ts";
import { WireTime } from "../wire-time.ts";

/** Body of `POST /api/v1/auth/login` (spec 2.1). The password is its MD5 in hex, or plain (decisions, "Auth"). */
export const LoginBody = z.object({
  username: z.string().min(1).max(64),
  password: z.string().min(1).max(256),
});
export type LoginBody = z.infer<typeof LoginBody>;

/** Scripts whose letters look alike: Latin `a`, Cyrillic `а`, Greek `ο`. */
const LOOK_ALIKE_SCRIPTS = [/\p{Script=Latin}/u, /\p{Script=Cyrillic}/u, /\p{Script=Greek}/u];

/**
 * Letters of any script, digits, `_`, `-` and `.`, beginning with a letter. One spelling per name, and no letter of another
 * script among those that it looks like; a name wholly of such letters may still look like another.
 */
export const Username = z
  .string()
  .min(3)
  .max(32)
  .regex(/^\p{L}[\p{L}\p{N}_.-]*$/u)
  .refine((name) => name === name.normalize("NFKC"), "must be in Unicode normal form NFKC")
  .refine((name) => LOOK_ALIKE_SCRIPTS.filter((script) => script.test(name)).length <= 1, "must not mix Latin, Cyrillic and Greek letters");

/** A password that is set: its MD5 in hex, as the document sends it, or the plain one, which is then at least 8 characters. */
export const NewPassword = z
  .string()
  .min(8)
  .max(256)
  .refine((password) => password.toLowerCase() !== "d41d8cd98f00b204e9800998ecf8427e", "must not be empty");

/** Body of `POST /api/v1/auth/register`, which the document lacks (decisions, "Auth"). Answered like a login. */
export const RegisterBody = z.object({
  username: Username,
  password: NewPassword.describe("MD5 in hex, or plain"),
  nickname: z.string().trim().min(1).max(32).optional().describe("the user name when absent"),
});
export type RegisterBody = z.infer<typeof RegisterBody>;

export const LoginUser = z.object({
  id: z.int(),
  username: z.string(),
  nickname: z.string(),
  avatar: z.string().describe("URL; a default picture while none is set"),
  role: z.enum(["USER", "ADMIN"]),
});
export type LoginUser = z.infer<typeof LoginUser>;

/** Answer of `POST /api/v1/auth/login` (spec 2.1). */
export const LoginAnswer = z.object({
  token: z.string().describe("access token, for `Authorization: Bearer`"),
  refreshToken: z.string().describe("for `POST /api/v1/auth/refresh` only"),
  expiresIn: z.int().describe("seconds until the access token ends"),
  user: LoginUser,
});
export type LoginAnswer = z.infer<typeof LoginAnswer>;

/** Answer of `POST /api/v1/auth/refresh` (spec 2.2). */
export const RefreshAnswer = LoginAnswer.pick({ token: true, expiresIn: true });
export type RefreshAnswer = z.infer<typeof RefreshAnswer>;

/** Body of `PUT /api/v1/users/password`. */
export const PasswordBody = z.object({
  oldPassword: z.string().min(1).max(256).describe("MD5 in hex, or plain"),
  newPassword: NewPassword.describe("MD5 in hex, or plain"),
});
export type PasswordBody = z.infer<typeof PasswordBody>;

/** A sign-in of one's own. */
export const SessionItem = z.object({
  id: z.string(),
  current: z.boolean().describe("the one that asks"),
  createTime: WireTime,
  expireTime: WireTime,
  address: z.string().nullable().describe("where it signed in from"),
  userAgent: z.string().nullable(),
});
export type SessionItem = z.infer<typeof SessionItem>;

export const SESSION_SORT_FIELDS = ["createTime"] as const;
export const SessionListQuery = PageQuery.extend({ sort: z.enum(SESSION_SORT_FIELDS).default("createTime") });
export type SessionListQuery = z.infer<typeof SessionListQuery>;
export const SessionPage = pageOf(SessionItem);
export const SessionIdParam = z.object({ sessionId: z.string().min(1).max(64) });
export const EndedSessions = z.object({ ended: z.int().describe("how many sessions") });

/** What an API key may do: GET; submit, cancel and retry; the admin routes. */
export const ApiScope = z.enum(["read", "generate", "admin"]);
export type ApiScope = z.infer<typeof ApiScope>;

/** Body of `POST /api/v1/users/api-keys`. */
export const ApiKeyBody = z.object({
  name: z.string().trim().min(1).max(64),
  scopes: z
    .array(ApiScope)
    .min(1)
    .max(8)
    .transform((scopes) => ApiScope.options.filter((scope) => scopes.includes(scope)))
    .default(["read", "generate"]),
});
export type ApiKeyBody = z.infer<typeof ApiKeyBody>;

export const ApiKeyItem = z.object({
  id: z.int(),
  name: z.string(),
  prefix: z.string().describe("the key's first letters"),
  scopes: z.array(ApiScope),
  createTime: WireTime,
  lastUsedTime: WireTime.nullable().describe("to the minute"),
});
export type ApiKeyItem = z.infer<typeof ApiKeyItem>;

/** Shown once: `key` cannot be had again. */
export const CreatedApiKey = ApiKeyItem.extend({ key: z.string().describe("`sg_…`, shown only now") });
export type CreatedApiKey = z.infer<typeof CreatedApiKey>;

export const ApiKeyList = z.object({ content: z.array(ApiKeyItem) });
export const ApiKeyIdParam = z.object({ keyId: z.coerce.number().int().min(1).max(Number.MAX_SAFE_INTEGER) });
