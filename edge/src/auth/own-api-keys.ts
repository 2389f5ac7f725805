import { AppError } from "@star-graph/shared/errors";
import type { ApiKeyBody, ApiKeyItem, CreatedApiKey } from "@star-graph/shared/rest/auth";
import { toWireTime } from "@star-graph/shared/wire-time";
import { hashApiKey, newApiKey, prefixOf } from "./api-key.ts";
import type { ApiKeyRow, ApiKeyStore } from "./api-key-store.ts";
import { apiKeySession, type AuthenticatedUser } from "./authenticate.ts";

const MAX_KEYS = 50;

export interface OwnApiKeysDeps extends Pick<ApiKeyStore, "createApiKey" | "countApiKeys" | "listApiKeys" | "revokeApiKey"> {
  randomBytes(length: number): Uint8Array;
  endSockets(userId: number, sessionIds: string[]): Promise<void>;
}

/**
 * Makes an API key; what is answered is the only sight of it (decisions, "Auth").
 * @throws {AppError} `FORBIDDEN` for a scope beyond the user's role, `BAD_REQUEST` when there are too many keys.
 */
export async function createOwnApiKey(
  deps: OwnApiKeysDeps,
  user: AuthenticatedUser,
  body: ApiKeyBody,
  now: number,
): Promise<CreatedApiKey> {
  if (body.scopes.includes("admin") && user.role !== "ADMIN") throw new AppError("FORBIDDEN");
  if ((await deps.countApiKeys(user.id)) >= MAX_KEYS) {
    throw new AppError("BAD_REQUEST", {
      text: { zh: `API密钥已达 ${MAX_KEYS} 个，请先撤销不用的`, en: `There are ${MAX_KEYS} API keys: revoke one that is not used` },
    });
  }
  const key = newApiKey((length) => deps.randomBytes(length));
  const row = { userId: user.id, ...body, prefix: prefixOf(key), hash: await hashApiKey(key), createTime: now };
  return { ...toItem(await deps.createApiKey(row)), key };
}

export async function listOwnApiKeys(deps: OwnApiKeysDeps, userId: number): Promise<{ content: ApiKeyItem[] }> {
  return { content: (await deps.listApiKeys(userId)).map(toItem) };
}

/** The key and its sockets end at once. @throws {AppError} `NOT_FOUND`. */
export async function revokeOwnApiKey(deps: OwnApiKeysDeps, userId: number, keyId: number, now: number): Promise<void> {
  if (!(await deps.revokeApiKey(userId, keyId, now))) throw new AppError("NOT_FOUND");
  await deps.endSockets(userId, [apiKeySession(keyId)]);
}

function toItem({ id, name, prefix, scopes, createTime, lastUsedTime }: ApiKeyRow): ApiKeyItem {
  return {
    id,
    name,
    prefix,
    scopes,
    createTime: toWireTime(createTime),
    lastUsedTime: lastUsedTime === null ? null : toWireTime(lastUsedTime),
  };
}
