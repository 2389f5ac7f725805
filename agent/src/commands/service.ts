import { mkdir, rm, writeFile } from "node:fs/promises";
import { homedir, userInfo } from "node:os";
import { dirname, resolve } from "node:path";
import type { CommandLine } from "../config/command-line.ts";
import type { AgentConfig } from "../config/agent-config.ts";
import { defaultConfigPath, readConfig, SURROUNDINGS, withEdgeAndKey } from "../config/read-config.ts";
import { UsageError } from "../config/usage-error.ts";
import { callTool } from "../machine/tool.ts";
import { Refusal } from "../refusal.ts";
import { commandOf, defineService, npxBeside, type ServiceDefinition } from "../service/definition.ts";
import { AGENT_VERSION } from "../version.ts";

/** Variables of the shell that a service does not see. */
const PROXY_VARIABLES = ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"];
/** What may be said beside the word; all else has to be in the config file. */
const OWN_FLAGS: readonly string[] = ["config", "dry-run"];

/** An agent that is stopped finishes its tasks first, for as long as its settings say. */
const STOP_MS = 10 * 60_000;

/**
 * Has the system start the agent when its user signs in. Everything it needs has to be in the config file: a service has no
 * flags of its own, and a key does not belong into one.
 */
export async function service(line: CommandLine): Promise<number> {
  const home = homedir();
  const named = line.flags["config"];
  const configPath = typeof named === "string" ? resolve(named) : defaultConfigPath(home);
  const flag = Object.keys(line.flags).find((name) => !OWN_FLAGS.includes(name));
  if (flag !== undefined) throw new UsageError(`--${flag} is nothing that a service keeps: say it in ${configPath}`);
  const [task] = line.words;
  // What is taken away need not be right.
  const stopWithinMs = task === "install" ? checkedSettings(configPath).stopWithinMs : 0;
  const script = process.argv[1] ?? "";
  const program = commandOf(process.execPath, script, AGENT_VERSION, npxBeside(process.execPath, process.platform));
  const { uid, username } = userInfo();
  const definition = defineService(process.platform, {
    command: [...program, "run", "--config", configPath],
    home,
    stopWithinMs,
    uid,
    account: [process.env["USERDOMAIN"], username].filter((part) => part !== undefined).join("\\"),
  });
  if (!definition) throw new Refusal(`There is no service for ${process.platform} yet. Start "${program.join(" ")} run" at sign-in.`);
  if (line.flags["dry-run"] === true) return task === "install" ? showInstall(definition) : showUninstall(definition);
  return task === "install" ? install(definition) : uninstall(definition);
}

function checkedSettings(configPath: string): AgentConfig {
  const settings = withEdgeAndKey(readConfig({ flags: { config: configPath } }, { ...SURROUNDINGS, env: {} }));
  const variable = PROXY_VARIABLES.find((name) => process.env[name]);
  if (settings.proxy === null && variable !== undefined)
    throw new UsageError(`a service does not see ${variable}: give ${configPath} a "proxy:", or unset it if none is needed`);
  return settings;
}

function showInstall({ file, stop, install: commands }: ServiceDefinition): number {
  if (file) process.stdout.write(`${file.path}:\n\n${file.text}\n`);
  return showCommands([...stop, ...commands]);
}

function showUninstall({ file, stop, uninstall: commands }: ServiceDefinition): number {
  showCommands([...stop, ...commands]);
  if (file) process.stdout.write(`Then ${file.path} is removed.\n`);
  return 0;
}

function showCommands(commands: readonly (readonly string[])[]): number {
  for (const words of commands) process.stdout.write(`${words.join(" ")}\n`);
  return 0;
}

async function install({ file, stop, install: commands, hint }: ServiceDefinition): Promise<number> {
  if (file) {
    await mkdir(dirname(file.path), { recursive: true });
    await writeFile(file.path, file.text, { mode: 0o600 });
  }
  await tryAll(stop);
  await runAll(commands);
  process.stdout.write(`Installed and started. ${hint}\n`);
  return 0;
}

async function uninstall({ file, stop, uninstall: commands }: ServiceDefinition): Promise<number> {
  await tryAll(stop);
  await runAll(commands);
  if (file) await rm(file.path, { force: true });
  process.stdout.write("Stopped and removed. Settings and results that wait are still in the state folder.\n");
  return 0;
}

async function tryAll(commands: readonly (readonly string[])[]): Promise<void> {
  for (const [program = "", ...args] of commands) await callTool(program, args, { timeoutMs: STOP_MS });
}

async function runAll(commands: readonly (readonly string[])[]): Promise<void> {
  for (const [program = "", ...args] of commands) {
    const { failure } = await callTool(program, args, { timeoutMs: STOP_MS });
    if (failure !== null) throw new Refusal(`"${[program, ...args].join(" ")}" failed: ${failure}`);
  }
}
