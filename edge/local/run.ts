import { spawn } from "node:child_process";
import path from "node:path";
import { TaskType } from "@star-graph/shared/task";
import { z } from "zod";
import { type AgentProcess, startAgent } from "./agent-process.ts";
import { type Credentials, newCredentials, readCredentials, tokenSecret, writeCredentials } from "./credentials.ts";
import { migrate } from "./migrate.ts";
import { type Options, StartError } from "./options.ts";
import { readyText, welcomeText } from "./screen.ts";
import { hasUsers, seed } from "./seed.ts";
import { findPort, type Server, startServer } from "./server.ts";
import { openLog, takeStateFolder } from "./state-folder.ts";

const CRON_MS = 60_000;

/** The whole start: server, data, users, agent; then runs until a signal or until the agent gives up. */
export async function run(projectFolder: string, options: Options): Promise<void> {
  const state = takeStateFolder(options.stateFolder);
  const closers: (() => Promise<void> | void)[] = [state.release];
  const stopped = new AbortController();
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  for (const signal of signals) process.on(signal, () => stopped.abort());
  try {
    const log = openLog(path.join(state.path, "edge.log"));
    closers.push(log.close);
    const port = await findPort(options.port);
    const kept = readCredentials(state.path);
    const server = await startServer({
      projectFolder,
      dataFolder: path.join(state.path, "data"),
      port,
      tokenSecret: tokenSecret(state.path),
      allowedHosts: options.allowedHosts,
      onLog: (line, level) => {
        log.write(line);
        if (level === "error") console.error(line);
      },
    });
    closers.push(() => server.stop());
    const { credentials, models } = await prepareData(projectFolder, state.path, server, kept).catch((error: unknown) => {
      if (error instanceof StartError) throw error;
      const why = String((error as Error).message).split("\n")[0];
      throw new StartError(`The data in ${state.path} cannot be used (${why}). Use another folder with --state.`, { cause: error });
    });
    const cron = setInterval(
      () => void server.fireCron().catch((error: unknown) => console.error(`The cron trigger failed: ${String(error)}`)),
      CRON_MS,
    );
    closers.push(() => clearInterval(cron));

    let agent: AgentProcess | null = null;
    if (options.withAgent && !stopped.signal.aborted) {
      const agentLog = openLog(path.join(state.path, "agent.log"));
      agent = startAgent({
        projectFolder,
        stateFolder: state.path,
        edge: server.baseUrl,
        agentKey: credentials.agentKey,
        models,
        onLine: agentLog.write,
        onNotice: (text) => console.error(text),
      });
      closers.push(agentLog.close, agent.stop);
      await Promise.race([agent.registered, untilAborted(stopped.signal)]);
    }
    if (stopped.signal.aborted) return;
    if (!kept) process.stdout.write(welcomeText(credentials, state.path));
    process.stdout.write(await readyText({ credentials, stateFolder: state.path, withAgent: options.withAgent }));
    if (options.openBrowser) openBrowser(server.baseUrl);
    await Promise.race([untilAborted(stopped.signal), ...(agent ? [agent.ended] : [])]);
  } finally {
    // The last opened closes first: the agent says goodbye while the edge still listens.
    for (const close of closers.toReversed()) await close();
    for (const signal of signals) process.removeAllListeners(signal);
  }
}

const untilAborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => (signal.aborted ? resolve() : signal.addEventListener("abort", () => resolve(), { once: true })));

async function prepareData(projectFolder: string, stateFolder: string, server: Server, kept: Credentials | null) {
  const db = await server.database();
  const applied = await migrate(db, path.join(projectFolder, "migrations"), stateFolder);
  if (kept && applied.length > 0) console.log(`Updated the data in ${stateFolder}: ${applied.join(", ")}.`);
  if (!kept && (await hasUsers(db))) {
    throw new StartError(`${stateFolder} has users but no credentials.json. Put the file back, or use another folder with --state.`);
  }
  const credentials = { ...(kept ?? newCredentials(server.baseUrl)), baseUrl: server.baseUrl };
  // Written before the users are made: a crash in between finds the same passwords again.
  writeCredentials(stateFolder, credentials);
  await seed(db, credentials, Date.now());
  // Each name for the types that the table gives it: nobody is drawn a video by a model of pictures.
  const { results } = await db
    .prepare("SELECT name, types FROM models WHERE name <> 'stargraph-scene' AND enabled = 1")
    .all<{ name: string; types: string }>();
  return { credentials, models: results.map(({ name, types }) => `${name}:${z.array(TaskType).parse(JSON.parse(types)).join("+")}`) };
}

function openBrowser(url: string): void {
  const [command, ...args] = { darwin: ["open"], win32: ["cmd", "/c", "start", ""] }[process.platform as string] ?? ["xdg-open"];
  if (!command) return;
  // It may stay in the foreground as long as it likes: a stop does not wait for it.
  const browser = spawn(command, [...args, url], { stdio: "ignore", detached: true });
  browser.on("error", () => console.error(`No browser could be opened; go to ${url}`)).unref();
}
