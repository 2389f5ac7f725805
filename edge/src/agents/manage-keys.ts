import { AGENT_CLOSE } from "@star-graph/shared/agent-protocol";
import { AppError } from "@star-graph/shared/errors";
import { type Page, toPage } from "@star-graph/shared/page";
import type { AgentKeyItem, AgentKeyQuery, CreatedAgentKey } from "@star-graph/shared/rest/agents";
import { toWireTime } from "@star-graph/shared/wire-time";
import type { Audited } from "../audit/audit-entry.ts";
import { ownerPool, PUBLIC_POOL } from "../dispatch/shards/pools.ts";
import { hashAgentKey, newAgentKey } from "./agent-key.ts";
import type { AgentKeyStore, KeyRow } from "./key-store.ts";

/** Keys of one user that count at a time: far more than anybody has boxes. */
const MAX_LIVE_KEYS = 100;

/** Close code of RFC 6455's registry: the agent comes again, now to the pool that its key counts for. */
const SERVICE_RESTART = 1012;

export interface ManageKeysDeps extends AgentKeyStore {
  /** Has these pools close the keys' sockets and give their agents' tasks to others. */
  dismissKeys(pools: string[], keyIds: number[], code: number, reason: string): Promise<void>;
  /** Has what waits in a pool go to where it is served, if that is elsewhere now. */
  sweepPool(pool: string): Promise<void>;
}

const timeOrNull = (time: number | null): string | null => (time === null ? null : toWireTime(time));

export function toKeyItem({ id, name, trusted, createTime, lastUsedTime, revokeTime }: KeyRow): AgentKeyItem {
  return {
    id,
    name,
    trusted,
    createTime: toWireTime(createTime),
    lastUsedTime: timeOrNull(lastUsedTime),
    revokeTime: timeOrNull(revokeTime),
  };
}

/**
 * Makes a key and shows it, this once.
 * @throws {AppError} `BAD_REQUEST` when the user has as many as may count at a time.
 */
export async function createAgentKey(
  deps: Pick<AgentKeyStore, "countLiveAgentKeys" | "addAgentKey">,
  key: { userId: number; name: string; trusted: boolean },
  now: number,
  audited?: Audited,
): Promise<{ answer: CreatedAgentKey; row: KeyRow }> {
  if ((await deps.countLiveAgentKeys(key.userId)) >= MAX_LIVE_KEYS) {
    throw new AppError("BAD_REQUEST", {
      text: { zh: `最多 ${MAX_LIVE_KEYS} 个有效密钥，请先撤销`, en: `At most ${MAX_LIVE_KEYS} keys may count: revoke one first` },
    });
  }
  const secret = newAgentKey();
  const row = await deps.addAgentKey({ ...key, hash: await hashAgentKey(secret), createTime: now }, audited);
  return { answer: { ...toKeyItem(row), key: secret }, row };
}

export async function listOwnKeys(
  deps: Pick<AgentKeyStore, "listAgentKeys">,
  userId: number,
  query: AgentKeyQuery,
): Promise<Page<AgentKeyItem>> {
  const { rows, total } = await deps.listAgentKeys({ userId }, query);
  return toPage(rows.map(toKeyItem), total, query);
}

/** The user's own key, or anybody's for an administrator (`ownerId` null). @throws {AppError} `NOT_FOUND` */
export async function keyOf(deps: Pick<AgentKeyStore, "findAgentKeyById">, keyId: number, ownerId: number | null): Promise<KeyRow> {
  const key = await deps.findAgentKeyById(keyId);
  if (!key || (ownerId !== null && key.userId !== ownerId)) throw new AppError("NOT_FOUND");
  return key;
}

/** Ends a key and its sockets. A repeat closes what a fault may have left open. */
export async function revokeAgentKey(deps: ManageKeysDeps, key: KeyRow, now: number, audited?: Audited): Promise<AgentKeyItem> {
  await deps.endAgentKey(key.id, now, key.revokeTime === null ? audited : undefined);
  await deps.dismissKeys([PUBLIC_POOL, ownerPool(key.userId)], [key.id], AGENT_CLOSE.KEY_REVOKED, "the agent key was revoked");
  await deps.sweepPool(ownerPool(key.userId));
  return toKeyItem({ ...key, revokeTime: key.revokeTime ?? now });
}

/** Moves a key's agents to the public pool, or back to their owner's own. They connect again by themselves. */
export async function trustAgentKey(deps: ManageKeysDeps, key: KeyRow, trusted: boolean, audited: Audited): Promise<KeyRow> {
  if (key.trusted !== trusted) await deps.setAgentKeyTrust(key.id, trusted, audited);
  const left = trusted ? ownerPool(key.userId) : PUBLIC_POOL;
  await deps.dismissKeys([left], [key.id], SERVICE_RESTART, "this key serves another pool now");
  await deps.sweepPool(ownerPool(key.userId));
  return { ...key, trusted };
}
