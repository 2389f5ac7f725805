import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import readline from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { parseArgs } from "node:util";
import { execa } from "execa";
import { migrate } from "../../local/migrate.ts";
import { seed } from "../../local/seed.ts";
import { findPort, startServer } from "../../local/server.ts";
import { useOf } from "./process-use.ts";

/*
 * An agent as it is packed, connected and without work: what it sends, what it uses, and whether the Dispatcher sleeps meanwhile.
 * The cron trigger fires as it does in production.
 */

const PROJECT = path.resolve(import.meta.dirname, "../../..");
const AGENT = path.join(PROJECT, "agent");
const CRON_MS = 60_000;
/** An object without work is dropped about 10 s after the last; until then it is not asleep. */
const SETTLE_MS = 15_000;
const MAX_RSS_BYTES = 80e6;
/** Less than this of one core is not measurable beside the noise of other things. */
const MAX_CPU_SHARE = 0.005;

const { values } = parseArgs({ options: { minutes: { type: "string", default: "10" }, settle: { type: "string" } } });
const watchMs = Number(values.minutes) * 60_000;
const settleMs = values.settle === undefined ? SETTLE_MS : Number(values.settle) * 1000;

const folder = fs.mkdtempSync(path.join(os.tmpdir(), "stargraph-idle-"));
const program = path.join(folder, "agent");
const scene = path.join(program, "node_modules/stargraph-scene");
const build = (what: string, into: string) =>
  execa(path.join(what, "node_modules/.bin/tsdown"), ["--out-dir", path.join(into, "dist")], { cwd: what });
// While the edge comes up.
const built = Promise.all([build(AGENT, program), build(path.join(AGENT, "scene"), scene)]);
const wakes: string[] = [];
const port = await findPort(0);
const server = await startServer({
  projectFolder: PROJECT,
  dataFolder: path.join(folder, "data"),
  port,
  tokenSecret: "not-a-secret-only-for-this-measurement-00",
  allowedHosts: [],
  entry: "edge/test/idle/watched-worker.ts",
  onLog: (line) => {
    const [, woke] = /^\{"woke":"(.*)"\}$/.exec(line) ?? [];
    if (woke) wakes.push(woke);
  },
});
const agentKey = "sgk_idle_0123456789";
const db = await server.database();
await migrate(db, path.join(PROJECT, "migrations"), folder);
await seed(
  db,
  {
    baseUrl: server.baseUrl,
    admin: { username: "admin", password: "idle-admin" },
    demo: { username: "demo", password: "idle-demo" },
    agentKey,
  },
  Date.now(),
);
const cron = setInterval(() => void server.fireCron(), CRON_MS);

await built;
for (const file of ["package.json", "bin"]) fs.cpSync(path.join(AGENT, file), path.join(program, file), { recursive: true });
fs.writeFileSync(path.join(scene, "package.json"), '{"name":"stargraph-scene","type":"module","exports":"./dist/index.mjs"}');
const agent = execa(
  process.execPath,
  [path.join(program, "bin/stargraph-agent.mjs"), "--engine", "built-in", "--edge", server.baseUrl, "--state", path.join(folder, "state")],
  { env: { STARGRAPH_KEY: agentKey }, buffer: false, reject: false, ipc: true },
);
const failures: string[] = [];
try {
  await Promise.race([
    new Promise<void>((resolve) => {
      readline.createInterface({ input: agent.stdout }).on("line", (line) => {
        if (line.includes("Registered")) resolve();
      });
    }),
    agent.then(() => Promise.reject(new Error("the agent ended"))),
  ]);
  await delay(settleMs);
  const before = useOf(agent.pid ?? 0);
  const wakesBefore = wakes.length;
  await delay(watchMs);
  const after = useOf(agent.pid ?? 0);
  const share = (after.cpuMs - before.cpuMs) / watchMs;
  const woken = wakes.slice(wakesBefore);
  console.log(`watched for ${watchMs / 1000} s after ${settleMs / 1000} s`);
  console.log(`memory: ${(after.rssBytes / 1e6).toFixed(1)} MB`);
  console.log(`processor: ${after.cpuMs - before.cpuMs} ms, ${(share * 100).toFixed(3)} % of a core`);
  console.log(`messages that the Dispatcher had to hear: ${woken.filter((woke) => woke === "heard an agent").length}`);
  console.log(`the Dispatcher woke: ${woken.length} times${woken.length > 0 ? ` (${woken.join(", ")})` : ""}`);
  if (after.rssBytes > MAX_RSS_BYTES) failures.push("it uses more than 80 MB");
  if (watchMs >= 60_000 && share > MAX_CPU_SHARE) failures.push("it uses the processor");
  if (woken.length > 0) failures.push("the Dispatcher was woken");
} finally {
  agent.kill("SIGTERM");
  await agent;
  clearInterval(cron);
  await server.stop();
  fs.rmSync(folder, { recursive: true, force: true });
}
for (const failure of failures) console.log(`FAILED: ${failure}`);
console.log(`${3 - failures.length} passed, ${failures.length} failed`);
process.exitCode = failures.length === 0 ? 0 : 1;
