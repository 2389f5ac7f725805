import { DEFAULT_MODELS } from "@star-graph/shared/rest/generate";
import { Random } from "../../src/dispatch/testing/random.ts";
import { PNG_BASE64 } from "../spec/pictures.ts";
import type { FaultRates } from "./faulty/faults.ts";
import type { ChaosOptions } from "./options.ts";
import type { ProxyRates } from "./proxy.ts";

/** One thing that is done to the running system, at a time of the run. */
export type Blow = { atMs: number } & (
  | { kind: "kill an agent"; agent: number; downMs: number }
  | { kind: "kill the edge"; downMs: number }
  | { kind: "cut the agents' sockets" }
  | { kind: "cut the clients' sockets" }
  | { kind: "take the database down"; forMs: number }
  /** Of the shards in their order, the one of the pool that the first user owns behind them. */
  | { kind: "crash the Dispatcher"; shard: number; losesStorage: boolean }
  | { kind: "crash a UserHub"; user: number }
);

export interface PlannedTask {
  atMs: number;
  route: string;
  body: Record<string, unknown>;
  /** Asked twice at once with the same key. */
  isRepeated: boolean;
  /** Cancelled so long after it was accepted. */
  cancelAfterMs: number | null;
  /** Submitted anew by its user once it has failed or was cancelled. */
  isRetried: boolean;
}

export interface PlannedUser {
  name: string;
  credits: number;
  tasks: PlannedTask[];
}

/** Everything that a run does, drawn from its seed before it begins. What comes of it depends on the machine as well. */
export interface Plan {
  seed: number;
  blowsMs: number;
  /** How long the system may take to come to rest afterwards. */
  restMs: number;
  cronMs: number;
  agents: number;
  slots: number;
  /** Of the public pool. */
  shards: number;
  /** The Worker's `TIMINGS`. */
  timings: string;
  users: PlannedUser[];
  blows: Blow[];
  edgeRates: FaultRates;
  proxyRates: ProxyRates;
}

const PICTURE = PNG_BASE64;
const SMALL = { width: 64, height: 64, steps: 2 };
const VIDEO = { ...SMALL, duration: 1, fps: 2 };

export function planRun({ seed, isQuick, tasks }: ChaosOptions): Plan {
  const random = new Random(seed);
  const blowsMs = isQuick ? 6_000 : 120_000;
  const users = isQuick ? 2 : 6;
  // Each start of a process is a second of processor time.
  const agents = isQuick ? 2 : 5;
  const shards = isQuick ? 1 : 2;
  return {
    seed,
    blowsMs,
    restMs: isQuick ? 40_000 : 150_000,
    cronMs: isQuick ? 1_500 : 5_000,
    agents,
    slots: 2,
    shards,
    timings: isQuick ? "ping=0.5 lease=2 grace=1 offer=2" : "ping=1 lease=4 grace=3 offer=3",
    users: planUsers(random, users, tasks, blowsMs),
    blows: planBlows(random, { blowsMs, agents, users, shards, times: isQuick ? 1 : 5 }),
    edgeRates: {
      database: { before: 0.02, after: 0.02, slow: 0.05 },
      files: { before: 0.1, after: 0.05, slow: 0.1 },
      calls: { before: 0.02, after: 0.02, slow: 0.05 },
      isDatabaseDown: false,
    },
    proxyRates: { refused: 0.02, answerLost: 0.03, slow: 0.1, delayed: 0.1, duplicated: 0.1, reordered: 0.05 },
  };
}

function planUsers(random: Random, users: number, tasks: number, blowsMs: number): PlannedUser[] {
  return Array.from({ length: users }, (_, index) => {
    const share = Math.floor((tasks + index) / users);
    return {
      name: `user-${index + 1}`,
      // The last one's credits do not last: some of what it asks for is refused.
      credits: index === users - 1 ? Math.ceil(share / 2) : 10_000,
      tasks: Array.from({ length: share }, () => planTask(random, random.below(blowsMs * 0.9))).toSorted((a, b) => a.atMs - b.atMs),
    };
  });
}

function planTask(random: Random, atMs: number): PlannedTask {
  const how = random.below(100);
  const wish = how < 6 ? "fail" : how < 10 ? "refuse" : "a cat";
  const prompt = `${wish} ${100 + random.below(900)}ms`;
  const bodies: [string, Record<string, unknown>][] = [
    ["text2img", { prompt, ...SMALL }],
    ["text2img", { prompt, ...SMALL, batchSize: 2 }],
    ["img2img", { prompt, imageBase64: PICTURE, ...SMALL }],
    ["upscale", { imageBase64: PICTURE }],
    ["pose", { prompt, poseImageBase64: PICTURE, ...SMALL }],
    ["text2video", { prompt, ...VIDEO }],
    ["img2video", { prompt, imageBase64: PICTURE, ...VIDEO }],
  ];
  const [route, body] = random.pick(bodies);
  const isCancelled = random.chance(0.2);
  return {
    atMs,
    route,
    body,
    isRepeated: random.chance(0.15),
    cancelAfterMs: isCancelled ? random.below(1_500) : null,
    isRetried: random.chance(0.3),
  };
}

interface Extent {
  blowsMs: number;
  agents: number;
  users: number;
  shards: number;
  times: number;
}

/** Of each kind at least as many as that, spread over the run. */
function planBlows(random: Random, { blowsMs, agents, users, shards, times }: Extent): Blow[] {
  const blows: Blow[] = [];
  const add = (count: number, blow: (atMs: number) => Blow) => {
    for (let i = 0; i < count; i++) blows.push(blow(Math.floor((blowsMs * (i + 0.2 + 0.6 * random.next())) / count)));
  };
  add(2 * times - 1, (atMs) => ({ atMs, kind: "kill an agent", agent: random.below(agents), downMs: 200 + random.below(3_000) }));
  add(times, (atMs) => ({ atMs, kind: "kill the edge", downMs: 100 + random.below(1_000) }));
  add(2 * times, (atMs) => ({ atMs, kind: "cut the agents' sockets" }));
  add(2 * times, (atMs) => ({ atMs, kind: "cut the clients' sockets" }));
  add(times, (atMs) => ({ atMs, kind: "take the database down", forMs: 300 + random.below(1_500) }));
  // In turn, so that each of them is hit; with one shard alone, only that.
  let crashes = 0;
  const shard = () => crashes++ % (shards > 1 ? shards + 1 : 1);
  add(times, (atMs) => ({ atMs, kind: "crash the Dispatcher", shard: shard(), losesStorage: false }));
  add(times, (atMs) => ({ atMs, kind: "crash the Dispatcher", shard: shard(), losesStorage: true }));
  add(times, (atMs) => ({ atMs, kind: "crash a UserHub", user: random.below(users) }));
  return blows.toSorted((a, b) => a.atMs - b.atMs);
}

/** Under which names of the API the agents offer their engine. */
export const MODELS = [...new Set(Object.values(DEFAULT_MODELS))];
