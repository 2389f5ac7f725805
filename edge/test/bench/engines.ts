import { DEFAULTS, QUEUE_LIMITS } from "@star-graph/shared/defaults";
import { onAgentMessage } from "../../src/dispatch/queue/agent-events.ts";
import type { QueueClock } from "../../src/dispatch/queue/clock.ts";
import { onTaskSubmitted } from "../../src/dispatch/queue/task-events.ts";
import { createSqliteStore } from "../../src/dispatch/storage/sqlite-store.ts";
import { aModel, aTask } from "../../src/dispatch/testing/builders.ts";
import { openNodeSql } from "../../src/dispatch/testing/node-sql.ts";

/*
 * What a decision costs where every agent has room, and none for the task: boxes with two engines of which one is full, with GPUs of
 * four sizes. Printed as a table for docs/dispatch.md: `pnpm bench:dispatch`.
 */

const ROUNDS = 400;
const NOW = 1_000_000;
const GB = 2 ** 30;

function measure(agents: number): Record<"arrives" | "asks", number[]> {
  const store = createSqliteStore(openNodeSql(), { runningPerUser: 1e9 });
  let attempts = 0;
  const clock: QueueClock = { now: NOW, timings: DEFAULTS, limits: QUEUE_LIMITS, newAttemptId: () => `attempt-${++attempts}` };
  for (let n = 0; n < agents; n++) {
    const memoryBytes = 8 * GB * (1 + (n % 4));
    const models = ["picture", "video"].map((name, engine) => aModel({ name, engines: [engine], memoryBytes }));
    const who = { agentId: `agent-${n}`, name: `agent-${n}`, models, isConnected: true, lastSeenAt: NOW };
    store.putAgent({ ...who, slots: 2, freeSlots: 1, freeByEngine: [0, 1], restsUntil: null });
  }
  const times: Record<"arrives" | "asks", number[]> = { arrives: [], asks: [] };
  const time = (what: keyof typeof times, run: () => unknown) => {
    const begin = performance.now();
    run();
    times[what].push((performance.now() - begin) * 1_000);
  };
  for (let round = 0; round < ROUNDS; round++) {
    const task = aTask({ taskId: `task-${round}`, userId: round % 50, model: "picture", memoryBytes: 12 * GB, createTime: NOW });
    time("arrives", () => onTaskSubmitted(store, task, clock));
    const agentId = `agent-${(round * 7) % agents}`;
    time("asks", () => onAgentMessage(store, agentId, { type: "ready", freeSlots: 1, freeByEngine: [0, 1] }, clock));
  }
  return times;
}

const percentile = (values: number[], share: number): string =>
  (values.toSorted((a, b) => a - b)[Math.floor(values.length * share)] ?? 0).toFixed(0);

process.stdout.write("\nthe engine for it full, the other one idle; median / 95th percentile, in microseconds\n\n");
process.stdout.write("| agents | a task arrives | an agent asks |\n| ------ | -------------- | ------------- |\n");
for (const agents of [20, 200, 2_000]) {
  const cells = Object.values(measure(agents)).map((values) => `${percentile(values, 0.5)} / ${percentile(values, 0.95)}`);
  process.stdout.write(`| ${agents} | ${cells.join(" | ")} |\n`);
}
