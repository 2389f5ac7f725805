import { parseArgs, type ParseArgsOptionsConfig } from "node:util";
import { messageOf } from "../outside.ts";
import { FILE_ONLY, LISTS, SETTING_NAMES, SWITCHES } from "./settings.ts";
import { UsageError } from "./usage-error.ts";

export const COMMANDS = ["run", "init", "doctor", "bench", "status", "pause", "resume", "drain", "service"] as const;
export type CommandName = (typeof COMMANDS)[number];

type Flag = string | boolean | (string | boolean)[] | undefined;

export interface CommandLine {
  command: CommandName;
  /** `help` and `version` win over everything else that was said. */
  asks: "help" | "version" | null;
  flags: Readonly<Record<string, Flag>>;
  words: readonly string[];
}

const GENERAL: ParseArgsOptionsConfig = { config: { type: "string" }, help: { type: "boolean", short: "h" }, version: { type: "boolean" } };
/** What a command takes beyond the settings. */
const OWN: Readonly<Record<CommandName, ParseArgsOptionsConfig>> = {
  run: {},
  init: { force: { type: "boolean" } },
  bench: {},
  service: { "dry-run": { type: "boolean" } },
  doctor: { json: { type: "boolean" } },
  status: { json: { type: "boolean" } },
  pause: { for: { type: "string" }, "free-memory": { type: "boolean" } },
  resume: {},
  drain: {},
};
/** Words after the command's name. */
const WORDS: Partial<Record<CommandName, readonly string[]>> = { service: ["install", "uninstall"] };

const SETTING_FLAGS: ParseArgsOptionsConfig = Object.fromEntries(
  SETTING_NAMES.filter((name) => !FILE_ONLY.has(name)).map((name) => [
    name,
    { type: SWITCHES.has(name) ? "boolean" : "string", ...(LISTS.has(name) && { multiple: true }) } as const,
  ]),
);

/**
 * What was typed, not yet judged. Without a command it is `run`.
 * @throws {UsageError}
 */
export function parseCommandLine(argv: readonly string[]): CommandLine {
  const [first = ""] = argv;
  const named = COMMANDS.find((name) => name === first);
  if (!named && first !== "" && !first.startsWith("-")) {
    throw new UsageError(`unknown command '${first}': it is one of ${COMMANDS.join(", ")}`);
  }
  const command = named ?? "run";
  const { values, positionals } = parse(named ? argv.slice(1) : argv, { ...SETTING_FLAGS, ...GENERAL, ...OWN[command] });
  const asks = values["help"] === true ? "help" : values["version"] === true ? "version" : null;
  const allowed = WORDS[command] ?? [];
  const [word, tooMuch] = positionals;
  const wrong = allowed.length > 0 && allowed.includes(word ?? "") ? tooMuch : word;
  if (asks === null && wrong !== undefined) throw new UsageError(`unexpected argument '${wrong}'`);
  if (asks === null && allowed.length > 0 && word === undefined) throw new UsageError(`${command} needs a word: ${allowed.join(" or ")}`);
  return { command, asks, flags: values, words: positionals };
}

function parse(args: readonly string[], options: ParseArgsOptionsConfig) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true });
  } catch (error) {
    // Node explains positionals at length after the first sentence.
    const [sentence = "a flag is wrong"] = messageOf(error).split(/\.\s|\n/);
    throw new UsageError(sentence.replace(/\.$/, ""), { cause: error });
  }
}
