import { AppError } from "@star-graph/shared/errors";
import { type Page, toPage } from "@star-graph/shared/page";
import type { AdminUser, CreatedUser, NewUser, UserChange, UserQuery } from "@star-graph/shared/rest/admin/users";
import { fromWireTime, toWireTime } from "@star-graph/shared/wire-time";
import { AGENT_CLOSE } from "@star-graph/shared/agent-protocol";
import type { Actor } from "../audit/audit-entry.ts";
import { hashPassword, hashWirePassword } from "../auth/password.ts";
import { ownerPool, PUBLIC_POOL } from "../dispatch/shards/pools.ts";
import type { AdminUserRow, AdminUserStore, UserFields } from "./user-store.ts";

export interface ManageUsersDeps extends AdminUserStore {
  randomBytes(length: number): Uint8Array;
  endAllSockets(userId: number): Promise<void>;
  dismissKeys(pools: string[], keyIds: number[], code: number, reason: string): Promise<void>;
}

export function toAdminUser({ frozen, vipExpireTime, createTime, updateTime, ...user }: AdminUserRow): AdminUser {
  return {
    ...user,
    freezed: frozen,
    vipExpireTime: vipExpireTime === null ? null : toWireTime(vipExpireTime),
    createTime: toWireTime(createTime),
    updateTime: toWireTime(updateTime),
  };
}

export async function listUsers(deps: Pick<AdminUserStore, "listUsers">, query: UserQuery): Promise<Page<AdminUser>> {
  const { rows, total } = await deps.listUsers(query);
  return toPage(rows.map(toAdminUser), total, query);
}

/** @throws {AppError} `NOT_FOUND` */
export async function userForAdmin(deps: Pick<AdminUserStore, "findUserForAdmin">, userId: number): Promise<AdminUserRow> {
  const user = await deps.findUserForAdmin(userId);
  if (!user) throw new AppError("NOT_FOUND");
  return user;
}

/**
 * Makes a user, with a password that is shown this once unless one is given.
 * @throws {AppError} `BAD_REQUEST` when the name is taken.
 */
export async function createUser(deps: ManageUsersDeps, body: NewUser, actor: Actor): Promise<CreatedUser> {
  // Not hex, or it would be taken for an MD5 (decisions, "Auth").
  const made = body.password === undefined ? `sg-${Buffer.from(deps.randomBytes(15)).toString("base64url")}` : null;
  const password = made === null ? await hashWirePassword(body.password ?? "") : await hashPassword(made);
  const { username, role, credits, nickname = username } = body;
  const user = await deps.addUser({ username, password, nickname, role }, credits, {
    ...actor,
    action: "user.create",
    target: "",
    before: null,
    after: { username, nickname, role, credits },
  });
  if (!user) {
    const message = "the username is taken";
    throw new AppError("BAD_REQUEST", {
      text: { zh: "请求参数错误：username: 用户名已存在", en: `The request is not valid: username: ${message}` },
      issues: [{ path: "username", message }],
    });
  }
  return { ...toAdminUser(user), ...(made !== null && { password: made }) };
}

/**
 * Changes what an administrator may change of a user. Disabling ends every session, key and socket of theirs at once;
 * enabling brings none of them back.
 * @throws {AppError} `NOT_FOUND`; `BAD_REQUEST` when administrators would lock themselves out.
 */
export async function changeUser(deps: ManageUsersDeps, userId: number, change: UserChange, actor: Actor): Promise<AdminUser> {
  await userForAdmin(deps, userId);
  if (userId === actor.adminId && (change.disabled === true || change.role === "USER")) {
    throw new AppError("BAD_REQUEST", {
      text: { zh: "不能停用自己或取消自己的管理员角色", en: "You cannot disable yourself or give up your own role" },
    });
  }
  const fields = toFields(change);
  const audited = { ...actor, action: "user.update" as const, target: `user:${userId}`, before: null, after: fields };
  if (fields.disabled === true) {
    const agentKeyIds = await deps.disableUser(userId, fields, audited);
    await deps.endAllSockets(userId);
    if (agentKeyIds.length > 0) {
      const pools = [PUBLIC_POOL, ownerPool(userId)];
      await deps.dismissKeys(pools, agentKeyIds, AGENT_CLOSE.KEY_REVOKED, "the key's owner was disabled");
    }
  } else {
    await deps.changeUser(userId, fields, audited);
  }
  return toAdminUser(await userForAdmin(deps, userId));
}

function toFields({ disabled, role, vipLevel, vipExpireTime, nickname }: UserChange): UserFields {
  return {
    ...(disabled !== undefined && { disabled }),
    ...(role !== undefined && { role }),
    ...(vipLevel !== undefined && { vipLevel }),
    ...(vipExpireTime !== undefined && { vipExpireTime: vipExpireTime === null ? null : fromWireTime(vipExpireTime) }),
    ...(nickname !== undefined && { nickname }),
  };
}
