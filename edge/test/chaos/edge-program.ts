import fs from "node:fs";
import path from "node:path";
import { z } from "zod";
import { Credentials } from "../../local/credentials.ts";
import { migrate } from "../../local/migrate.ts";
import { seed } from "../../local/seed.ts";
import { startServer } from "../../local/server.ts";

/*
 * The local server in a process of its own, with the faulty entry: what the rig kills. Its one argument is a file that says how.
 */

export const EdgeOrder = z.object({
  stateFolder: z.string(),
  port: z.number(),
  publicBaseUrl: z.string(),
  tokenSecret: z.string(),
  timings: z.string(),
  cronMs: z.number(),
  /** Of the public pool. */
  shards: z.number().optional(),
  credentials: Credentials,
});
export type EdgeOrder = z.infer<typeof EdgeOrder>;

const PROJECT = path.resolve(import.meta.dirname, "../../..");

const order = EdgeOrder.parse(JSON.parse(fs.readFileSync(process.argv[2] ?? "", "utf8")));
// The rig is gone, however it went: so is this, and what it started.
process.on("disconnect", () => process.kill(0, "SIGKILL"));
const server = await startServer({
  projectFolder: PROJECT,
  dataFolder: path.join(order.stateFolder, "data"),
  port: order.port,
  tokenSecret: order.tokenSecret,
  allowedHosts: [],
  entry: "edge/test/chaos/faulty/worker.ts",
  vars: { PUBLIC_BASE_URL: order.publicBaseUrl, TIMINGS: order.timings, SHARDS: `public=${order.shards ?? 1}` },
  onLog: (line) => console.log(line),
});
const db = await server.database();
await migrate(db, path.join(PROJECT, "migrations"), order.stateFolder);
await seed(db, order.credentials, Date.now());
setInterval(() => void server.fireCron().catch((error: unknown) => console.log(`cron: ${String(error)}`)), order.cronMs);
process.on("SIGTERM", () => void server.stop().finally(() => process.exit(0)));
console.log(JSON.stringify({ event: "ready" }));
