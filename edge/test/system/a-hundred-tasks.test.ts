import fs from "node:fs";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { Balance } from "@star-graph/shared/rest/users";
import type { TaskListItem } from "@star-graph/shared/rest/tasks";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { Client, emptyFolder, Group, PROJECT, type RunningSystem, startSystem } from "./local-start.ts";

const TASKS = 100;
const PRICE = 1;

let system: RunningSystem;
const agents: Group[] = [];

beforeAll(async () => {
  system = await startSystem(emptyFolder(), ["--no-agent"]);
  for (const name of ["one", "two"]) {
    const flags = [
      "--edge",
      system.baseUrl,
      "--state",
      path.join(system.stateFolder, name),
      "--name",
      name,
      "--slots",
      "4",
      "--log",
      "json",
    ];
    const models = ["--map-model", "stable-diffusion-xl-base-1.0"];
    const program = path.join(PROJECT, "agent/bin/stargraph-agent.mjs");
    agents.push(new Group(process.execPath, [program, ...flags, ...models], { env: { STARGRAPH_KEY: system.credentials.agentKey } }));
  }
  await Promise.all(agents.map((agent) => agent.until(/"event":"registered"/)));
});

afterAll(async () => {
  for (const agent of agents) agent.signal("SIGTERM");
  await Promise.all(agents.map((agent) => agent.exited));
  await system?.stop();
  fs.rmSync(system.stateFolder, { recursive: true, force: true });
});

test("100 tasks through 2 agents of 4 slots all complete, and every credit is accounted for", async () => {
  const client = await Client.login(system);
  const ids = await Promise.all(
    Array.from({ length: TASKS }, (_, i) => client.submit({ prompt: `a cat number ${i}`, width: 64, height: 64, steps: 2, seed: i })),
  );
  expect(new Set(ids).size).toBe(TASKS);
  // One list call at a time: a hundred pollers would be the load.
  const list = () => client.call<{ content: TaskListItem[] }>("GET", "/tasks?pageSize=100");
  const tasks = await vi.waitUntil(
    async () => {
      const { content } = await list();
      return content.length === TASKS && content.every((task) => task.status === "COMPLETED") && content;
    },
    { timeout: 90_000, interval: 200 },
  );
  expect(tasks.every((task) => task.results.length === 1 && task.cost === PRICE)).toBe(true);

  const balance = await client.call<Balance>("GET", "/users/balance");
  expect(balance).toEqual({ balance: 900, freezed: 0, available: 900, todayUsed: TASKS * PRICE, monthUsed: TASKS * PRICE });
  const [file] = fs.globSync(path.join(system.stateFolder, "data/d1/**/*.sqlite")).filter((name) => !name.includes("metadata"));
  const db = new DatabaseSync(file!, { readOnly: true });
  const one = (sql: string) => Object.values(db.prepare(sql).get() ?? {})[0];
  expect(one("SELECT sum(amount) FROM fund_records")).toBe(900);
  expect(one("SELECT count(*) FROM fund_records WHERE type = 'DEDUCT'")).toBe(TASKS);
  expect(one("SELECT count(*) FROM settlements WHERE kind = 'CAPTURED'")).toBe(TASKS);
  expect(one("SELECT count(*) FROM holds WHERE task_id NOT IN (SELECT task_id FROM settlements)")).toBe(0);
  expect(one("SELECT count(DISTINCT agent_id) FROM attempts")).toBe(2);
  expect(one("SELECT count(*) FROM attempts WHERE outcome <> 'COMPLETED'")).toBe(0);
  db.close();
});
