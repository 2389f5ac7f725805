import { mkdir, rm, writeFile } from "node:fs/promises";
import { homedir, userInfo } from "node:os";
import { dirname, resolve } from "node:path";
import type { CommandLine } from "../config/command-line.ts";
import { defaultConfigPath, readConfig, SURROUNDINGS, withEdgeAndKey } from "../config/read-config.ts";
import { runTool } from "../machine/tool.ts";
import { Refusal } from "../refusal.ts";
import { commandOf, defineService, npxBeside, type ServiceDefinition } from "../service/definition.ts";
import { AGENT_VERSION } from "../version.ts";

/**
 * Has the system start the agent when its user signs in. Everything it needs has to be in the config file: a service has no
 * flags of its own, and a key does not belong into one.
 */
export async function service(line: CommandLine): Promise<number> {
  const home = homedir();
  const named = line.flags["config"];
  const configPath = typeof named === "string" ? resolve(named) : defaultConfigPath(home);
  const [task] = line.words;
  if (task === "install") withEdgeAndKey(readConfig({ flags: { config: configPath } }, { ...SURROUNDINGS, env: {} }));
  const script = process.argv[1] ?? "";
  const program = commandOf(process.execPath, script, AGENT_VERSION, npxBeside(process.execPath, process.platform));
  const definition = defineService(process.platform, {
    command: [...program, "run", "--config", configPath],
    home,
    uid: userInfo().uid,
  });
  if (!definition) throw new Refusal(`There is no service for ${process.platform} yet. Start "${program.join(" ")} run" at sign-in.`);
  if (line.flags["dry-run"] === true) return show(definition);
  return task === "install" ? install(definition) : uninstall(definition);
}

function show({ file, install: commands }: ServiceDefinition): number {
  if (file) process.stdout.write(`${file.path}:\n\n${file.text}\n`);
  for (const words of commands) process.stdout.write(`${words.join(" ")}\n`);
  return 0;
}

async function install({ file, install: commands, hint }: ServiceDefinition): Promise<number> {
  if (file) {
    await mkdir(dirname(file.path), { recursive: true });
    await writeFile(file.path, file.text, { mode: 0o600 });
  }
  await runAll(commands);
  process.stdout.write(`Installed and started. ${hint}\n`);
  return 0;
}

async function uninstall({ file, uninstall: commands }: ServiceDefinition): Promise<number> {
  await runAll(commands);
  if (file) await rm(file.path, { force: true });
  process.stdout.write("Stopped and removed. Settings and results that wait are still in the state folder.\n");
  return 0;
}

async function runAll(commands: readonly (readonly string[])[]): Promise<void> {
  for (const [program = "", ...args] of commands) {
    if ((await runTool(program, args)) === null) throw new Refusal(`"${[program, ...args].join(" ")}" failed. Run it by hand to see why.`);
  }
}
