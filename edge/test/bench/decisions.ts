import type { QueueClock } from "../../src/dispatch/queue/clock.ts";
import { Reservations } from "../../src/dispatch/queue/reservations.ts";
import { admit } from "../../src/dispatch/queue/estimate.ts";
import { onAgentMessage } from "../../src/dispatch/queue/agent-events.ts";
import { createSqliteStore } from "../../src/dispatch/storage/sqlite-store.ts";
import { onTaskSubmitted } from "../../src/dispatch/queue/task-events.ts";
import { aCompletion, aModel, aTask, MEGAPIXEL } from "../../src/dispatch/testing/builders.ts";
import { openNodeSql } from "../../src/dispatch/testing/node-sql.ts";
import { Random } from "../../src/dispatch/testing/random.ts";
import { DEFAULTS, QUEUE_LIMITS } from "@star-graph/shared/defaults";

/*
 * How long one decision takes on the real SQLite store (node:sqlite, in memory), at so many waiting tasks and agents. Printed as
 * a table for docs/dispatch.md: `pnpm bench:dispatch`.
 */

const MODELS = Array.from({ length: 12 }, (_, index) => `model-${index}`);
const ROUNDS = 300;

/** Eight kinds of boxes, each with four of twelve models and its own limit. */
function modelsOf(kind: number) {
  return [0, 1, 2, 3].map((n) => aModel({ name: MODELS[(kind + 3 * n) % 12] ?? "", maxPixels: MEGAPIXEL * ((kind % 4) + 1) }));
}

function measure(waiting: number, agents: number) {
  const random = new Random(waiting + agents);
  const store = createSqliteStore(openNodeSql(), { runningPerUser: 64 });
  let attempts = 0;
  let now = 1_000_000;
  const clock = (): QueueClock => ({
    now,
    timings: DEFAULTS,
    limits: { ...QUEUE_LIMITS, waiting: 1e9, waitingPerUser: 1e9 },
    newAttemptId: () => `attempt-${++attempts}`,
  });
  const anyTask = (taskId: string) =>
    aTask({
      taskId,
      userId: 1 + random.below(1_000),
      model: random.pick(MODELS),
      pixels: random.pick([0.25, 1, 1.5, 2, 3.5]) * MEGAPIXEL,
      createTime: now,
    });
  for (let n = 0; n < agents; n++) {
    const agentId = `agent-${n}`;
    store.putAgent({
      agentId,
      name: agentId,
      slots: 1,
      freeSlots: 0,
      restsUntil: null,
      models: modelsOf(n % 8),
      isConnected: true,
      lastSeenAt: now,
    });
  }
  for (let n = 0; n < waiting; n++) onTaskSubmitted(store, anyTask(`waiting-${n}`), clock());

  const times: Record<"admit" | "submit" | "fill" | "accept" | "complete", number[]> = {
    admit: [],
    submit: [],
    fill: [],
    accept: [],
    complete: [],
  };
  const time = <T>(what: keyof typeof times, run: () => T): T => {
    const begin = performance.now();
    const result = run();
    times[what].push((performance.now() - begin) * 1_000);
    return result;
  };
  const reserved = new Reservations();
  for (let round = 0; round < ROUNDS; round++) {
    now += 50;
    const task = anyTask(`new-${round}`);
    time("admit", () => admit(store, reserved, task, clock()));
    time("submit", () => onTaskSubmitted(store, task, clock()));
    const agentId = `agent-${random.below(agents)}`;
    const effects = time("fill", () => onAgentMessage(store, agentId, { type: "ready", freeSlots: 1 }, clock()));
    const offer = effects.find((effect) => effect.kind === "offer");
    if (offer?.kind !== "offer") continue;
    const attemptId = offer.item.attempt.id;
    time("accept", () => onAgentMessage(store, agentId, { type: "accepted", attemptId }, clock()));
    time("complete", () => onAgentMessage(store, agentId, aCompletion(attemptId), clock()));
    store.deleteItem(offer.item.taskId);
  }
  return times;
}

const percentile = (values: number[], share: number): string =>
  values.length === 0 ? "-" : (values.toSorted((a, b) => a - b)[Math.floor(values.length * share)] ?? 0).toFixed(0);

process.stdout.write("median / 95th percentile, in microseconds\n\n");
process.stdout.write("| waiting | agents | admission | a task arrives | an agent asks | it accepts | it completes |\n");
process.stdout.write("| ------- | ------ | --------- | -------------- | ------------- | ---------- | ------------ |\n");
for (const [waiting, agents] of [
  [100, 50],
  [10_000, 50],
  [100_000, 50],
  [10_000, 1],
  [10_000, 200],
  [10_000, 2_000],
  [100_000, 2_000],
] as const) {
  const times = measure(waiting, agents);
  const cells = Object.values(times).map((values) => `${percentile(values, 0.5)} / ${percentile(values, 0.95)}`);
  process.stdout.write(`| ${waiting} | ${agents} | ${cells.join(" | ")} |\n`);
}
