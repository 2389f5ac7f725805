import { SELF } from "cloudflare:test";
import { env } from "cloudflare:workers";
import type { Capabilities } from "@star-graph/shared/agent-protocol";
import { inArray } from "drizzle-orm";
import { expect, vi } from "vitest";
import { hashAgentKey, newAgentKey } from "../../src/agents/agent-key.ts";
import { hashPassword } from "../../src/auth/password.ts";
import { createLedger } from "../../src/billing/ledger.ts";
import { openDatabase } from "../../src/db/client.ts";
import { accounts, agentKeys, tasks, users } from "../../src/db/schema.ts";
import { dispatcherName, PUBLIC_POOL } from "../../src/dispatch/shards/pools.ts";
import { openSession, tokenOf } from "./signed-in.ts";

export const ORIGIN = "http://127.0.0.1:8787";

/** Each is hashed once: that takes longer than most tests. */
const hashes = new Map<string, Promise<string>>();

function hashOf(password: string): Promise<string> {
  const known = hashes.get(password) ?? hashPassword(password);
  hashes.set(password, known);
  return known;
}

interface UserOptions {
  role?: "USER" | "ADMIN";
  credits?: number;
  password?: string;
}

/** A user with credits and a session, who has not signed in: a login hashes the password again, and has tests of its own. */
export async function aUser({ role = "USER", credits = 1000, password = "secret-word" }: UserOptions = {}) {
  const db = openDatabase(env.DB);
  const now = Date.now();
  const username = `user-${crypto.randomUUID().slice(0, 8)}`;
  const row = {
    username,
    nickname: username,
    role,
    password: await hashOf(password),
    disabled: false,
    vipLevel: 0,
    createTime: now,
    updateTime: now,
  };
  const [user] = await db.insert(users).values(row).returning({ id: users.id });
  if (!user) throw new Error("no user was made");
  await db.insert(accounts).values({ userId: user.id, balance: 0, frozen: 0 });
  if (credits > 0) await createLedger(db).recharge(user.id, credits, "test", now);
  const sessionId = await openSession(user.id);
  const [token, refreshToken] = await Promise.all([tokenOf(user.id, sessionId), tokenOf(user.id, sessionId, "refresh")]);
  return { id: user.id, username, password, sessionId, token, refreshToken };
}

export type TestUser = Awaited<ReturnType<typeof aUser>>;

/** An agent key in the database; trusted ones serve everybody. */
export async function anAgentKey(userId: number, { trusted = true } = {}): Promise<string> {
  const key = newAgentKey();
  await openDatabase(env.DB)
    .insert(agentKeys)
    .values({ userId, name: "test", hash: await hashAgentKey(key), trusted, createTime: Date.now() });
  return key;
}

interface CallOptions {
  token?: string;
  json?: unknown;
  body?: BodyInit;
  headers?: Record<string, string>;
}

/** One request to the Worker; the answer's body as an object. */
export async function call(method: string, path: string, { token, json, body, headers = {} }: CallOptions = {}) {
  const response = await SELF.fetch(`${ORIGIN}${path}`, {
    method,
    headers: {
      ...(token && { Authorization: `Bearer ${token}` }),
      ...(json !== undefined && { "Content-Type": "application/json" }),
      ...headers,
    },
    ...(json !== undefined ? { body: JSON.stringify(json) } : body !== undefined && { body }),
  });
  const bytes = new Uint8Array(await response.arrayBuffer());
  const text = new TextDecoder().decode(bytes);
  return {
    status: response.status,
    headers: response.headers,
    bytes,
    body: (text.startsWith("{") ? JSON.parse(text) : { text }) as Record<string, unknown>,
  };
}

export const dataOf = <T = Record<string, unknown>>(answer: { body: Record<string, unknown> }): T => answer.body["data"] as T;

/** Submits a text2img task that must be accepted. */
export async function submit(user: TestUser, json: Record<string, unknown> = { prompt: "a cat" }) {
  const answer = await call("POST", "/api/v1/generate/text2img", { token: user.token, json });
  if (answer.status !== 200) throw new Error(`refused: ${JSON.stringify(answer.body)}`);
  return dataOf<{ taskId: string; cost: number }>(answer);
}

export const detailOf = async (user: TestUser, taskId: string) =>
  dataOf(await call("GET", `/api/v1/tasks/${taskId}`, { token: user.token }));

/** Waits until D1 says so: what follows a frame happens when the Dispatcher gets to it. */
export const untilStatus = (user: TestUser, taskId: string, status: string) =>
  vi.waitFor(async () => expect(await detailOf(user, taskId)).toMatchObject({ status }), { interval: 10, timeout: 4000 });

export const balanceOf = async (user: TestUser) => dataOf(await call("GET", "/api/v1/users/balance", { token: user.token }));

/** The Dispatcher object of a pool, to look into, evict or wake. */
export const dispatcherOf = (pool = PUBLIC_POOL, shard = 0) =>
  env.DISPATCHER.get(env.DISPATCHER.idFromName(dispatcherName({ pool, shard })));

/** Cancels whatever is left, so that a test which failed leaves no work to the next one's agents. */
export async function cancelAll(): Promise<void> {
  const db = openDatabase(env.DB);
  const left = await db
    .select({ id: tasks.id, pool: tasks.pool, shard: tasks.shard })
    .from(tasks)
    .where(inArray(tasks.status, ["PENDING", "PROCESSING"]));
  for (const { id, pool, shard } of left) {
    await createLedger(db).settleTask(id, null, { status: "CANCELLED" }, Date.now());
    await dispatcherOf(pool, shard).cancel(id);
  }
}

/** Waits until a pool has as many agents connected: a socket's end reaches its Dispatcher a little later. */
export const untilAgents = (count: number, pool = PUBLIC_POOL) =>
  vi.waitFor(async () => expect(await dispatcherOf(pool).connectedAgents()).toBe(count), { interval: 10, timeout: 4000 });

export const TEXT2IMG_MODEL = "stable-diffusion-xl-base-1.0";
export const SCENE_CAPABILITIES: Capabilities = {
  slots: 2,
  models: [{ name: TEXT2IMG_MODEL, types: ["TEXT2IMG"], engine: "test", servedAs: "test-model" }],
};
