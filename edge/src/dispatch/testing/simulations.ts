import { createSqliteStore } from "../storage/sqlite-store.ts";
import type { DispatchStore, StoreOptions } from "../queue/store.ts";
import { aModel, aTask } from "./builders.ts";
import { openNodeSql } from "./node-sql.ts";
import { Random } from "./random.ts";
import { type Served, SimulatedFleet } from "./simulated-fleet.ts";

const inSqlite = (options: StoreOptions): DispatchStore => createSqliteStore(openNodeSql(), options);
const waitOf = ({ submittedAt, startedAt }: Served): number => startedAt - submittedAt;

/** One user with 1,000 tasks; another comes with one after `afterMs`. Two slots, tasks of ten seconds. */
export function oneAmongAThousand(afterMs: number): { waitMs: number; taskMs: number } {
  const taskMs = 10_000;
  const fleet = new SimulatedFleet({ agents: 2, taskMs: () => taskMs, newStore: inSqlite });
  for (let n = 0; n < 1_000; n++) fleet.submitAt(0, aTask({ taskId: `many-${n}`, userId: 1 }));
  fleet.submitAt(afterMs, aTask({ taskId: "one", userId: 2 }));
  fleet.runUntil(afterMs + 10 * taskMs);
  const one = fleet.served.find(({ taskId }) => taskId === "one");
  return { waitMs: one ? waitOf(one) : Infinity, taskMs };
}

/** Users of these levels who always have work waiting, on eight slots, tasks of 5 to 15 s. @returns each one's share of the starts */
export function shares(levels: number[], seed: number, minutes: number): number[] {
  const random = new Random(seed);
  const fleet = new SimulatedFleet({
    agents: 8,
    taskMs: (task) => 5_000 + (Number(task.taskId.split("-")[2]) % 10_000),
    newStore: inSqlite,
  });
  for (const [index, level] of levels.entries()) {
    for (let n = 0; n * 1_600 < minutes * 60_000; n++) {
      const vip = level > 0 ? { vip: { level, until: null } } : {};
      fleet.submitAt(n * 1_600, aTask({ taskId: `u${index}-${n}-${random.below(10_000)}`, userId: index + 1, ...vip }));
    }
  }
  fleet.runUntil(minutes * 60_000);
  // Ten minutes to come into step.
  const counted = fleet.served.filter(({ startedAt }) => startedAt > 600_000);
  return levels.map((_, index) => counted.filter(({ userId }) => userId === index + 1).length / counted.length);
}

/**
 * A user with twenty tasks, while newcomers with one task each come faster than the fleet works: 40 a minute to four slots that
 * take 24. As many other agents serve another model meanwhile, task by task in step with them.
 * @returns the longest wait of the twenty, Infinity when one never started
 */
export function streamOfNewcomers(minutes: number): number {
  const fleet = new SimulatedFleet({ agents: 4, taskMs: () => 10_000, newStore: inSqlite });
  for (let n = 0; n < 4; n++) fleet.shard.connect(`other-${n}`, { models: [aModel({ name: "other" })] });
  for (let n = 0; n * 2_500 < minutes * 60_000; n++) fleet.submitAt(0, aTask({ taskId: `other-${n}`, userId: 2, model: "other" }));
  for (let n = 0; n * 1_500 < minutes * 60_000; n++) fleet.submitAt(n * 1_500, aTask({ taskId: `new-${n}`, userId: 1_000 + n }));
  for (let n = 0; n < 20; n++) fleet.submitAt(0, aTask({ taskId: `old-${n}`, userId: 1 }));
  fleet.runUntil(minutes * 60_000);
  const old = fleet.served.filter(({ userId }) => userId === 1);
  return old.length < 20 ? Infinity : Math.max(...old.map(waitOf));
}

export interface AffinityRun {
  reloads: number;
  served: number;
  worstWaitMs: number;
  meanWaitMs: number;
}

/**
 * A stream of tasks over five models on five agents, ten seconds each, a reload half a minute; the fleet is busy so much of
 * the time. Without affinity it is first come, first served.
 */
export function fiveModels(
  seed: number,
  { load, isAffine, minutes = 120 }: { load: number; isAffine: boolean; minutes?: number },
): AffinityRun {
  const random = new Random(seed);
  const models = ["m1", "m2", "m3", "m4", "m5"];
  const [taskMs, loadMs, agents] = [10_000, 30_000, 5];
  // Not knowing how long a load takes is all that first come, first served differs in.
  const forgetful = (options: StoreOptions): DispatchStore => {
    const store = inSqlite(options);
    return { ...store, putSpeed: (key, value) => (key.startsWith("load|") ? undefined : store.putSpeed(key, value)) };
  };
  const fleet = new SimulatedFleet({ agents, models, taskMs: () => taskMs, loadMs, newStore: isAffine ? inSqlite : forgetful });
  let at = 0;
  for (let n = 0; at < minutes * 60_000; n++) {
    fleet.submitAt(at, aTask({ taskId: `task-${n}`, userId: 1, model: random.pick(models) }));
    // Poisson arrivals.
    at += (-Math.log(1 - random.next()) * taskMs) / (agents * load);
  }
  fleet.runUntil(minutes * 60_000);
  const waits = fleet.served.map(waitOf);
  return {
    reloads: fleet.served.filter(({ isReload }) => isReload).length,
    served: fleet.served.length,
    worstWaitMs: Math.max(...waits),
    meanWaitMs: waits.reduce((a, b) => a + b, 0) / waits.length,
  };
}
