import { AppError } from "@star-graph/shared/errors";
import { type Page, toPage } from "@star-graph/shared/page";
import type {
  AdminAgent,
  AdminAgentKey,
  AdminAgentKeyQuery,
  AdminAgentQuery,
  AdminCreatedAgentKey,
  AdminNewAgentKey,
} from "@star-graph/shared/rest/admin/agents";
import type { AgentCommandAnswer } from "@star-graph/shared/rest/agents";
import type { Language } from "@star-graph/shared/text";
import { commandAgent, type CommandAgentDeps } from "../agents/command-agent.ts";
import type { AgentKeyStore, KeyRow } from "../agents/key-store.ts";
import { type ListAgentsDeps, viewAgents } from "../agents/list-agents.ts";
import { createAgentKey, keyOf, type ManageKeysDeps, revokeAgentKey, toKeyItem, trustAgentKey } from "../agents/manage-keys.ts";
import type { AgentRegisterStore } from "../agents/register-store.ts";
import type { Actor } from "../audit/audit-entry.ts";
import type { AuditStore } from "../audit/store.ts";
import type { AgentCommand } from "../dispatch/queue/agent-intake.ts";
import type { AdminUserStore } from "./user-store.ts";

const toAdminKey = (row: KeyRow): AdminAgentKey => ({ ...toKeyItem(row), userId: row.userId, username: row.username });
const flag = (value: "true" | "false" | undefined): boolean | undefined => (value === undefined ? undefined : value === "true");

/** Everybody's agents. */
export async function listAllAgents(deps: ListAgentsDeps, query: AdminAgentQuery, language: Language): Promise<Page<AdminAgent>> {
  const page = await viewAgents(deps, { userId: query.userId, keyId: query.keyId }, query, language);
  return { ...page, content: page.content.map(({ item, row: { userId, username, pool } }) => ({ ...item, userId, username, pool })) };
}

/**
 * Drains, pauses or resumes anybody's agent. The line is written first: a command without its line cannot be, a line whose
 * command did not arrive can.
 * @throws {AppError} `NOT_FOUND`
 */
export async function commandAnyAgent(
  deps: CommandAgentDeps & Pick<AuditStore, "recordAudit"> & Pick<AgentRegisterStore, "isRegistered">,
  agentId: string,
  command: AgentCommand,
  actor: Actor,
): Promise<AgentCommandAnswer> {
  if (!(await deps.isRegistered(agentId))) throw new AppError("NOT_FOUND");
  await deps.recordAudit({ ...actor, action: `agent.${command}`, target: `agent:${agentId}`, before: null, after: { command } });
  return commandAgent(deps, agentId, command, null);
}

/** Everybody's agent keys. */
export async function listAllKeys(deps: Pick<AgentKeyStore, "listAgentKeys">, query: AdminAgentKeyQuery): Promise<Page<AdminAgentKey>> {
  const filter = { userId: query.userId, trusted: flag(query.trusted), revoked: flag(query.revoked) };
  const { rows, total } = await deps.listAgentKeys(filter, query);
  return toPage(rows.map(toAdminKey), total, query);
}

/** Makes a key for a user. @throws {AppError} `BAD_REQUEST` when there is no such user, or it is disabled. */
export async function createKeyForUser(
  deps: Pick<AgentKeyStore, "countLiveAgentKeys" | "addAgentKey"> & Pick<AdminUserStore, "findUserForAdmin">,
  body: AdminNewAgentKey,
  actor: Actor,
): Promise<AdminCreatedAgentKey> {
  const user = await deps.findUserForAdmin(body.userId);
  if (!user || user.disabled) {
    const message = "there is no such user, or it is disabled";
    throw new AppError("BAD_REQUEST", {
      text: { zh: "请求参数错误：userId: 用户不存在或已停用", en: `The request is not valid: userId: ${message}` },
      issues: [{ path: "userId", message }],
    });
  }
  const { answer, row } = await createAgentKey(deps, body, actor.now, {
    ...actor,
    action: "agent-key.create",
    target: "",
    before: null,
    after: { ...body },
  });
  return { ...answer, userId: row.userId, username: row.username };
}

/** Revokes anybody's key and closes its sockets. @throws {AppError} `NOT_FOUND` */
export async function revokeAnyKey(deps: ManageKeysDeps, keyId: number, actor: Actor): Promise<AdminAgentKey> {
  const key = await keyOf(deps, keyId, null);
  const item = await revokeAgentKey(deps, key, actor.now, {
    ...actor,
    action: "agent-key.revoke",
    target: `agent-key:${keyId}`,
    before: null,
    after: { revokeTime: actor.now },
  });
  return { ...item, userId: key.userId, username: key.username };
}

/** Opens the public pool to a key's agents, or closes it. @throws {AppError} `NOT_FOUND`; `BAD_REQUEST` for a revoked key. */
export async function trustAnyKey(deps: ManageKeysDeps, keyId: number, trusted: boolean, actor: Actor): Promise<AdminAgentKey> {
  const key = await keyOf(deps, keyId, null);
  if (key.revokeTime !== null) {
    throw new AppError("BAD_REQUEST", { text: { zh: "该密钥已撤销", en: "The key was revoked" } });
  }
  const row = await trustAgentKey(deps, key, trusted, {
    ...actor,
    action: trusted ? "agent-key.trust" : "agent-key.untrust",
    target: `agent-key:${keyId}`,
    before: null,
    after: { trusted },
  });
  return toAdminKey(row);
}
