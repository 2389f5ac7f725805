import { mkdir, stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { writeFileAtomically } from "../atomic-file.ts";
import type { CommandLine } from "../config/command-line.ts";
import { type Answers, type EngineAnswer, writeConfigText } from "../config/config-text.ts";
import { defaultConfigPath, readConfig, type Surroundings, SURROUNDINGS } from "../config/read-config.ts";
import { hasBuiltIn } from "../engines/find-engine.ts";
import { findServers, usualAddress } from "../engines/usual-servers.ts";
import { Refusal } from "../refusal.ts";
import { askForAnswers, type FoundEngine, type Known, type Terminal } from "./init-questions.ts";

export interface InitDeps {
  terminal: Terminal;
  around: Surroundings;
  /** Engines that could be used at once, the best first. */
  findEngines: () => Promise<FoundEngine[]>;
}

const DEPS: InitDeps = { terminal: { input: process.stdin, output: process.stdout }, around: SURROUNDINGS, findEngines };

/** Writes the config file: of what flags and variables say, of what is found here, and of what is asked. */
export async function init(line: CommandLine, { terminal, around, findEngines: find }: InitDeps = DEPS): Promise<number> {
  const named = line.flags["config"];
  const path = typeof named === "string" ? resolve(named) : defaultConfigPath(around.home);
  const isThere = await stat(path).then(
    () => true,
    () => false,
  );
  if (isThere && line.flags["force"] !== true)
    throw new Refusal(`${path} is there already. To write it anew: stargraph-agent init --force`);
  const known = knownOf(line, path, around, await find());
  const answers = terminal.input.isTTY ? await ask(known, terminal) : withoutAsking(known);
  if (answers === null) {
    terminal.output.write("Nothing was written.\n");
    return 130;
  }
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  // A new file in the old one's place: its key may have been open to others.
  await writeFileAtomically(path, writeConfigText(answers));
  const flag = typeof named === "string" ? ` --config ${path}` : "";
  const { engine } = answers;
  const where = "url" in engine ? ` at ${engine.url}` : "";
  // npx has put no command on the path.
  const program = around.env["npm_command"] === "exec" ? "npx stargraph-agent" : "stargraph-agent";
  terminal.output.write(`Wrote ${path}, to draw with ${engine.engine}${where}.\nNow: ${program} doctor${flag}, then ${program}${flag}\n`);
  return 0;
}

/** What is said already: a config file that is there is to be written anew, so it says nothing. */
function knownOf({ flags }: CommandLine, path: string, around: Surroundings, there: FoundEngine[]): Known {
  const { config: _, ...others } = flags;
  const env: NodeJS.ProcessEnv = { ...around.env, STARGRAPH_CONFIG: undefined };
  const readText = (file: string) => (file === defaultConfigPath(around.home) || file === path ? null : around.readText(file));
  const said = readConfig({ flags: others }, { ...around, env, readText });
  const keyFile = others["key-file"] ?? env["STARGRAPH_KEY_FILE"];
  const servers = there.filter(({ engine }) => engine !== "built-in");
  const named = said.isEngineChosen ? said.engines[0]?.engine : undefined;
  const engine =
    named === undefined ? (servers.length === 1 ? servers[0] : undefined) : named === "command" ? undefined : answerOf(named, there);
  return {
    there,
    name: said.name,
    ...(said.edge && { edge: said.edge.href.replace(/\/$/, "") }),
    ...(said.key !== null && { key: typeof keyFile === "string" && keyFile !== "" ? { file: resolve(keyFile) } : { text: said.key } }),
    ...(engine && { engine }),
    ...(said.rest.isIdleOnly && { isIdleOnly: true }),
  };
}

/** Where it was found, or where it will be. */
function answerOf(engine: FoundEngine["engine"], there: readonly FoundEngine[]): EngineAnswer {
  const found = there.find((one) => one.engine === engine);
  if (found) return found;
  return engine === "built-in" ? { engine } : { engine, url: usualAddress(engine) };
}

/** Null when the person would rather not. */
async function ask(known: Known, terminal: Terminal): Promise<Answers | null> {
  try {
    return await askForAnswers(known, terminal);
  } catch (error) {
    // Ctrl-C in a question.
    if (error instanceof Error && error.name === "ExitPromptError") return null;
    throw error;
  }
}

function withoutAsking({ edge, key, name, isIdleOnly, there, ...known }: Known): Answers {
  const engine = known.engine ?? (there.every(({ engine }) => engine === "built-in") ? there[0] : undefined);
  const lacking = [edge ? null : "--edge", key ? null : "--key or --key-file", engine ? null : "--engine"].filter((flag) => flag !== null);
  if (edge && key && engine) return { edge, key, engine, name, isIdleOnly: isIdleOnly ?? false };
  throw new Refusal(`init asks questions, and there is no terminal to ask on. Say it with flags: ${lacking.join(", ")}`);
}

async function findEngines(): Promise<FoundEngine[]> {
  const servers = (await findServers()).map(({ engine, address }) => ({ engine, url: address }));
  return hasBuiltIn() ? [...servers, { engine: "built-in" }] : servers;
}
