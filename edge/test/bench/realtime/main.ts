import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { migrate } from "../../../local/migrate.ts";
import { findPort, type Server, startServer } from "../../../local/server.ts";
import { type Figures, measure, quantile } from "./measure.ts";
import { type Listeners, ofABareObject, ofAUser } from "./listeners.ts";

/*
 * What a user's hub costs beside an object that only broadcasts: deliveries per second, delay, memory. Both are measured in the same
 * process, turn by turn, so that what else the machine does meets both.
 */

const PROJECT = path.resolve(import.meta.dirname, "../../../..");
const ROUNDS = 3;
const SIZES = [
  { sockets: 1, events: 100 },
  { sockets: 50, events: 16 },
  { sockets: 500, events: 4 },
];
const AT_ONCE = 8;
const WARM_SOCKETS = 20;
/** Longer than an idle object stays in memory. */
const REST_MS = 12_000;
const IDLE_SOCKETS = 250;
const KINDS = [ofABareObject, ofAUser] as const;

async function withServer<T>(work: (server: Server) => Promise<T>): Promise<T> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "stargraph-bench-"));
  const server = await startServer({
    projectFolder: PROJECT,
    dataFolder: folder,
    port: await findPort(0),
    tokenSecret: "b".repeat(64),
    allowedHosts: [],
    entry: "edge/test/bench/realtime/worker.ts",
    onLog: (line) => console.error(line),
  });
  try {
    await migrate(await server.database(), path.join(PROJECT, "migrations"), folder);
    return await work(server);
  } finally {
    await server.stop();
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

/** Resident memory of the server's own process, kB. */
function serverMemory(): number {
  for (const pid of fs.readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      const status = fs.readFileSync(`/proc/${pid}/status`, "utf8");
      if (!/^Name:\tworkerd$/m.test(status) || !status.includes(`\nPPid:\t${process.pid}\n`)) continue;
      return Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]);
    } catch {
      // Ended while we looked.
    }
  }
  throw new Error("the server's process is not to be found");
}

/** For each kind in a fresh process, as memory is seldom given back. */
async function measureMemory(sockets: number): Promise<void> {
  for (const open of KINDS) {
    await withServer(async ({ baseUrl }) => {
      const warm = await open(baseUrl, WARM_SOCKETS);
      const before = serverMemory();
      const listeners = await open(baseUrl, sockets);
      const opened = serverMemory();
      await delay(REST_MS);
      const each = (after: number) => `${((after - before) / sockets).toFixed(0)} kB`;
      console.log(
        `${listeners.name}: ${each(opened)} a socket when ${sockets} have opened, ${each(serverMemory())} after ${REST_MS / 1000} s of rest`,
      );
      warm.close();
      listeners.close();
    });
  }
}

async function measureFanOut(baseUrl: string, { sockets, events }: (typeof SIZES)[number]): Promise<void> {
  const all: { listeners: Listeners; quiet: Figures[]; busy: Figures[] }[] = [];
  for (const open of KINDS) all.push({ listeners: await open(baseUrl, sockets), quiet: [], busy: [] });
  let first = 1;
  for (let round = 0; round <= ROUNDS; round += 1) {
    for (const { listeners, quiet, busy } of all) {
      const one = await measure(listeners, { sockets, first, events, atOnce: 1 });
      const many = await measure(listeners, { sockets, first: first + events, events: 2 * events, atOnce: AT_ONCE });
      // The first round only warms up.
      if (round > 0) quiet.push(one);
      if (round > 0) busy.push(many);
    }
    first += 3 * events;
  }
  for (const { listeners, quiet, busy } of all) {
    const rates = busy.map(({ deliveriesPerSecond }) => deliveriesPerSecond);
    const delays = quiet.flatMap(({ delaysMs }) => delaysMs);
    const rate = `${Math.round(quantile(rates, 0.5))} [${Math.round(Math.min(...rates))} to ${Math.round(Math.max(...rates))}]`;
    const columns = [String(sockets), listeners.name, rate, quantile(delays, 0.5).toFixed(1), quantile(delays, 0.99).toFixed(1)];
    console.log(`| ${columns.join(" | ")} |`);
    listeners.close();
  }
}

console.log(`${os.cpus().length} processors, load ${os.loadavg()[0]?.toFixed(1)}, Node ${process.version}`);
console.log(
  `\n| sockets | | deliveries per second, ${AT_ONCE} events at once | p50 ms, one event at a time | p99 ms |\n| --- | --- | --- | --- | --- |`,
);
await withServer(async ({ baseUrl }) => {
  for (const size of SIZES) await measureFanOut(baseUrl, size);
});
console.log("");
await measureMemory(IDLE_SOCKETS);
