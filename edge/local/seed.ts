import { hashAgentKey } from "../src/agents/agent-key.ts";
import { hashPassword } from "../src/auth/password.ts";
import { createLedger } from "../src/billing/ledger.ts";
import { openDatabase } from "../src/db/client.ts";
import { accounts, agentKeys, users } from "../src/db/schema.ts";
import type { Credentials } from "./credentials.ts";

export const DEMO_CREDITS = 1000;

/** Whether anybody lives in this database. */
export async function hasUsers(d1: D1Database): Promise<boolean> {
  return (await openDatabase(d1).select({ id: users.id }).from(users).limit(1).get()) !== undefined;
}

/** Makes the users and the agent key of a first start. Repeated after a crash, it adds what is missing. */
export async function seed(d1: D1Database, credentials: Credentials, now: number): Promise<void> {
  const db = openDatabase(d1);
  const ledger = createLedger(db);
  const people = [
    { ...credentials.admin, role: "ADMIN" as const, nickname: "Admin" },
    { ...credentials.demo, role: "USER" as const, nickname: "Demo" },
  ];
  const ids: number[] = [];
  for (const { username, password, role, nickname } of people) {
    const row = {
      username,
      nickname,
      role,
      password: await hashPassword(password),
      disabled: false,
      vipLevel: 0,
      createTime: now,
      updateTime: now,
    };
    await db.insert(users).values(row).onConflictDoNothing();
    const user = await db.query.users.findFirst({ where: (table, { eq }) => eq(table.username, username) });
    if (!user) throw new Error(`user ${username} could not be made`);
    ids.push(user.id);
    const opened = await db.insert(accounts).values({ userId: user.id, balance: 0, frozen: 0 }).onConflictDoNothing().returning();
    if (opened.length > 0 && role === "USER") await ledger.recharge(user.id, DEMO_CREDITS, "初始积分", now);
  }
  const key = { userId: ids[0] ?? 0, name: "local agent", hash: await hashAgentKey(credentials.agentKey), trusted: true, createTime: now };
  await db.insert(agentKeys).values(key).onConflictDoNothing();
}
