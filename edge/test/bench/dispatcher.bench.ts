import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { QUEUE_LIMITS } from "@star-graph/shared/defaults";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createSqliteStore } from "../../src/dispatch/storage/sqlite-store.ts";
import { aTask, aWaitingItem } from "../../src/dispatch/testing/builders.ts";
import { aUser, anAgentKey, dispatcherOf, SCENE_CAPABILITIES, submit, TEXT2IMG_MODEL, untilAgents } from "../worker/system-of-one.ts";
import { TestAgent } from "../worker/test-agent.ts";

/*
 * The real Dispatcher in workerd: how many tasks a second it takes and gives away, how long it takes to wake, and what a
 * waiting task needs of its storage. Workerd's clock stands still while code runs, so batches are timed from outside.
 */

const lines: string[] = [];
const say = (what: string, figure: string) => lines.push(`| ${what} | ${figure} |`);

/** Milliseconds, with the clock moved on by I/O at both ends. */
async function time(run: () => Promise<unknown>): Promise<number> {
  await scheduler.wait(1);
  const begin = Date.now();
  await run();
  await scheduler.wait(1);
  return Date.now() - begin;
}

beforeAll(() => {
  lines.push("| what | figure |", "| ---- | ------ |");
});

afterAll(() => {
  console.log(`\n${lines.join("\n")}\n`);
});

test("enqueue", async () => {
  const object = dispatcherOf("bench-enqueue");
  const task = (n: number) => aTask({ taskId: `task-${n}`, userId: 1 + (n % 100), createTime: Date.now() });
  const [one, parallel] = [500, 2_000];
  const single = await time(async () => {
    for (let n = 0; n < one; n++) await object.enqueue(task(n));
  });
  say("tasks taken a second, one call after the other", ((one * 1_000) / single).toFixed(0));
  const many = await time(() => Promise.all(Array.from({ length: parallel }, (_, n) => object.enqueue(task(one + n)))));
  say("tasks taken a second, 2,000 calls at once", ((parallel * 1_000) / many).toFixed(0));
  expect(await object.queueFigures()).toMatchObject({ waiting: one + parallel });
});

test("dispatch", async () => {
  const user = await aUser({ credits: 100_000 });
  const slots = 64;
  const agent = await TestAgent.ready(await anAgentKey(user.id), { capabilities: { ...SCENE_CAPABILITIES, slots } });
  agent.send({ type: "ready", freeSlots: 0 });
  for (let n = 0; n < slots; n++) await submit(user);
  const took = await time(async () => {
    agent.send({ type: "ready", freeSlots: slots });
    for (let n = 0; n < slots; n++) await agent.acceptOffer();
  });
  say("offers a second to one agent, each with its task read from D1", ((slots * 1_000) / took).toFixed(0));
  expect(await dispatcherOf().queueFigures()).toMatchObject({ waiting: 0, running: slots });
  agent.leave();
  await untilAgents(0);
});

test.each([0, 1_000, 100_000])("wake and storage with %i waiting", async (waiting) => {
  const object = dispatcherOf(`bench-${waiting}`);
  await object.connectedAgents();
  const bytes = await runInDurableObject(object, async (_, { storage }) => {
    const store = createSqliteStore(storage.sql, QUEUE_LIMITS);
    const before = storage.sql.databaseSize;
    for (let n = 0; n < waiting; n++) {
      const taskId = `t2i_20261122_${String(n).padStart(18, "0")}`;
      storage.transactionSync(() =>
        store.putItem(
          aWaitingItem({
            taskId,
            userId: 1 + (n % 1_000),
            model: TEXT2IMG_MODEL,
            seq: n + 1,
            createTime: Date.now(),
            dueAt: Date.now() + 3_600_000,
          }),
        ),
      );
      // Room for the object's gates; a million rows at once would be one write.
      if (n % 5_000 === 4_999) await storage.sync();
    }
    return storage.sql.databaseSize - before;
  });
  const rounds: number[] = [];
  for (let n = 0; n < 5; n++) {
    await evictDurableObject(object);
    rounds.push(await time(() => object.connectedAgents()));
  }
  expect(await object.queueFigures()).toMatchObject({ waiting });
  const median = rounds.toSorted((a, b) => a - b)[2] ?? 0;
  say(`wake to first answer with ${waiting} waiting, ms (median of 5)`, String(median));
  if (waiting > 0) say(`storage of a waiting task, at ${waiting}, bytes`, (bytes / waiting).toFixed(0));
});
