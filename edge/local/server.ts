import fs from "node:fs";
import net from "node:net";
import path from "node:path";
import { convertV4MiniflareOptions, Log, LogLevel, Miniflare } from "miniflare";
import { parse } from "smol-toml";
import { z } from "zod";
import { bundleWorker } from "./bundle.ts";
import { StartError } from "./options.ts";
import { createOutbound } from "./outbound.ts";

/** What of `wrangler.toml` the local server needs; everything else there is for the platform. */
const WranglerConfig = z.object({
  name: z.string(),
  main: z.string(),
  compatibility_date: z.string(),
  compatibility_flags: z.array(z.string()),
  vars: z.record(z.string(), z.string()),
  triggers: z.object({ crons: z.tuple([z.string()]) }),
  d1_databases: z.tuple([z.object({ binding: z.string(), database_id: z.string() })]),
  r2_buckets: z.tuple([z.object({ binding: z.string(), bucket_name: z.string() })]),
  durable_objects: z.object({ bindings: z.array(z.object({ name: z.string(), class_name: z.string() })) }),
  ratelimits: z.array(
    z.object({
      name: z.string(),
      namespace_id: z.string(),
      simple: z.object({ limit: z.int(), period: z.union([z.literal(10), z.literal(60)]) }),
    }),
  ),
});

const HOST = "127.0.0.1";

export interface ServerOptions {
  projectFolder: string;
  /** Where D1, R2 and the Durable Objects keep their data. */
  dataFolder: string;
  port: number;
  tokenSecret: string;
  /** Hosts beyond the public internet that the Worker may reach, with their port where they have one. */
  allowedHosts: readonly string[];
  /** The Worker's entry when it is not `wrangler.toml`'s, from the project folder. */
  entry?: string;
  /** Variables that differ from those of `wrangler.toml`. */
  vars?: Record<string, string>;
  /** One structured line of the Worker. */
  onLog: (line: string, level: string) => void;
}

export interface Server {
  baseUrl: string;
  database(): Promise<D1Database>;
  /** What production's cron trigger does every minute. */
  fireCron(): Promise<void>;
  stop(): Promise<void>;
}

/**
 * Whether the port can be had; 0 finds a free one.
 * @throws {StartError} when it is taken or not allowed.
 */
export async function findPort(wanted: number): Promise<number> {
  const probe = net.createServer();
  try {
    return await new Promise<number>((resolve, reject) => {
      probe.once("error", reject);
      probe.listen(wanted, HOST, () => {
        const address = probe.address();
        resolve(typeof address === "object" && address ? address.port : wanted);
      });
    });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const why = code === "EADDRINUSE" ? "is already in use" : `cannot be used (${code})`;
    throw new StartError(`Port ${wanted} ${why}. Choose another one with --port, or --port 0 for any free one.`, { cause: error });
  } finally {
    probe.close();
  }
}

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Miniflare ends the process at the first signal; the local start has an agent to say goodbye to before. */
function releaseSignals(keep: Set<Function>): void {
  for (const signal of SIGNALS) {
    for (const listener of process.rawListeners(signal)) {
      if (!keep.has(listener)) process.off(signal, listener as NodeJS.SignalsListener);
    }
  }
}

/**
 * Bundles the Worker and serves it on workerd with its data kept in a folder.
 * @throws {StartError} when the Worker cannot be built or does not start.
 */
export async function startServer(options: ServerOptions): Promise<Server> {
  const { projectFolder, dataFolder, port, tokenSecret, allowedHosts, entry, vars = {}, onLog } = options;
  const config = WranglerConfig.parse(parse(fs.readFileSync(path.join(projectFolder, "wrangler.toml"), "utf8")));
  const baseUrl = `http://${HOST}:${port}`;
  const [database] = config.d1_databases;
  const [bucket] = config.r2_buckets;
  const outbound = createOutbound(allowedHosts);
  let miniflare: Miniflare | null = null;
  let isStarting = true;
  const firstWords: { message: string; level: string }[] = [];
  const before = new Set(SIGNALS.flatMap((signal) => process.rawListeners(signal)));
  try {
    const contents = await bundleWorker(path.join(projectFolder, entry ?? config.main));
    miniflare = new Miniflare(
      convertV4MiniflareOptions({
        host: HOST,
        port,
        cf: false,
        logRequests: false,
        telemetry: { enabled: false },
        log: new Log(LogLevel.ERROR),
        resourcePersistencePath: dataFolder,
        handleStructuredLogs: (line) => (isStarting ? firstWords.push(line) : onLog(line.message, line.level)),
        workers: [
          {
            name: config.name,
            compatibilityDate: config.compatibility_date,
            compatibilityFlags: config.compatibility_flags,
            modules: [{ type: "ESModule", path: "worker.js", contents }],
            bindings: {
              ...config.vars,
              PUBLIC_BASE_URL: baseUrl,
              FETCH_HOSTS: allowedHosts.join(","),
              ...vars,
              TOKEN_SECRET: tokenSecret,
            },
            outboundService: (request) => outbound.fetch(request),
            d1Databases: { [database.binding]: { id: database.database_id } },
            r2Buckets: { [bucket.binding]: { id: bucket.bucket_name } },
            ratelimits: Object.fromEntries(config.ratelimits.map(({ name, ...limit }) => [name, limit])),
            durableObjects: Object.fromEntries(
              config.durable_objects.bindings.map((binding) => [binding.name, { className: binding.class_name, useSQLite: true }]),
            ),
          },
        ],
      }),
    );
    await miniflare.ready;
    releaseSignals(before);
    isStarting = false;
    for (const { message, level } of firstWords) onLog(message, level);
  } catch (error) {
    releaseSignals(before);
    // Disposing of one that never started says the same once more.
    await miniflare?.dispose().catch(() => undefined);
    await outbound.close();
    const [first = "", second = ""] = (firstWords[0]?.message ?? String((error as Error).message)).split("\n");
    // The bundler's first line only counts; the second one says what.
    throw new StartError(`The Worker did not start: ${first.endsWith(":") ? `${first} ${second}` : first}`, { cause: error });
  }
  const running = miniflare;
  return {
    baseUrl,
    database: () => running.getD1Database(database.binding),
    async fireCron() {
      const worker = await running.getWorker();
      await worker.scheduled({ cron: config.triggers.crons[0] });
    },
    async stop() {
      await running.dispose();
      await outbound.close();
    },
  };
}
