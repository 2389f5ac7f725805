import { homedir, hostname } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { z } from "zod";
import { TaskType } from "@star-graph/shared/task";
import { ENGINE_NAMES, EngineSettings, type MappedModel } from "./engines/settings.ts";
import { messageOf } from "./outside.ts";

const LOG_FORMATS = ["text", "json"] as const;
export type LogFormat = (typeof LOG_FORMATS)[number];

export interface AgentConfig {
  edge: URL;
  key: string;
  name: string;
  stateFolder: string;
  engines: EngineSettings[];
  log: LogFormat;
}

export type CommandLine = { kind: "run"; config: AgentConfig } | { kind: "help" } | { kind: "version" };

/** A flag or variable is missing or wrong: exit code 2, the message is the one line to print. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** `NAME` or `NAME:TYPE+TYPE`. A colon before anything but capitals belongs to the name. */
const MappedModelText = z.string().transform((text, context): MappedModel => {
  const [, typed, list] = /^(.+):([A-Z0-9+]+)$/.exec(text) ?? [];
  const types = list === undefined ? null : z.array(TaskType).safeParse(list.split("+"));
  const name = typed ?? text;
  if (name.length > 128) context.addIssue("must have at most 128 characters a name");
  if (types && !types.success) context.addIssue(`must list types of task behind a colon, as in ${name}:TEXT2IMG+IMG2IMG`);
  return { name, types: types?.data ?? null };
});

/** Each value with the words that say where it came from, so that a message can name it. */
const Settings = z.object({
  edge: z.url({ protocol: /^https?$/, error: "must be a URL that starts with https:// or http://" }).transform((text) => new URL(text)),
  key: z.string().regex(/^sgk_[\w-]{8,200}$/, "must be an agent key: sgk_ and at least 8 letters or digits"),
  name: z.string().trim().min(1, "must not be empty").max(100, "must have at most 100 characters"),
  slots: z
    .string()
    .regex(/^\d{1,2}$/, "must be a whole number from 1 to 64")
    .transform(Number)
    .pipe(z.number().min(1, "must be a whole number from 1 to 64").max(64, "must be a whole number from 1 to 64")),
  state: z.string().min(1, "must not be empty"),
  engine: z.enum(ENGINE_NAMES, `must be one of: ${ENGINE_NAMES.join(", ")}`),
  "map-model": z.array(MappedModelText).max(400, "must name at most 400 models"),
  log: z.enum(LOG_FORMATS, `must be one of: ${LOG_FORMATS.join(", ")}`),
});

const VARIABLES: Readonly<Record<string, string>> = { edge: "STARGRAPH_EDGE", key: "STARGRAPH_KEY", state: "STARGRAPH_AGENT_STATE" };

const REQUIRED = {
  edge: "the address of the edge, as in --edge https://api.example.com",
  key: "an agent key, as in --key sgk_...",
} as const;

/**
 * Reads flags and environment, and nothing else does. A flag wins over its variable; an empty variable is an absent one.
 * @throws {UsageError}
 */
export function readCommandLine(argv: readonly string[], env: NodeJS.ProcessEnv = process.env): CommandLine {
  const flags = parseFlags(argv);
  if (flags.help) return { kind: "help" };
  if (flags.version) return { kind: "version" };

  const edge = flags.edge ?? env["STARGRAPH_EDGE"];
  const key = flags.key ?? env["STARGRAPH_KEY"];
  if (!edge) throw new UsageError(`no --edge given: it needs ${REQUIRED.edge} (or env STARGRAPH_EDGE)`);
  if (!key) throw new UsageError(`no --key given: it needs ${REQUIRED.key} (or env STARGRAPH_KEY)`);
  const parsed = Settings.safeParse({
    edge,
    key,
    name: flags.name ?? hostname().slice(0, 100),
    slots: flags.slots ?? "1",
    state: flags.state ?? (env["STARGRAPH_AGENT_STATE"] || join(homedir(), ".stargraph-agent")),
    engine: flags.engine ?? "built-in",
    "map-model": (flags["map-model"] ?? []).flatMap((names) => names.split(",").map((name) => name.trim())).filter((name) => name !== ""),
    log: flags.log ?? "text",
  });
  if (!parsed.success) throw new UsageError(describeIssue(parsed.error.issues[0]));
  const { state, engine, slots, "map-model": mappedModels, ...rest } = parsed.data;
  const engines = [EngineSettings.parse({ engine, slots, mappedModels })];
  return { kind: "run", config: { ...rest, stateFolder: resolve(state), engines } };
}

function parseFlags(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      options: {
        edge: { type: "string" },
        key: { type: "string" },
        name: { type: "string" },
        slots: { type: "string" },
        state: { type: "string" },
        engine: { type: "string" },
        "map-model": { type: "string", multiple: true },
        log: { type: "string" },
        help: { type: "boolean", short: "h" },
        version: { type: "boolean" },
      },
    }).values;
  } catch (error) {
    // Node explains positionals at length after the first sentence.
    const [sentence = "a flag is wrong"] = messageOf(error).split(/\.\s|\n/);
    throw new UsageError(sentence.replace(/\.$/, ""), { cause: error });
  }
}

/** The value itself is not repeated: it may be a key, mistyped. */
function describeIssue(issue: z.core.$ZodIssue | undefined): string {
  const flag = String(issue?.path[0] ?? "a flag");
  const variable = VARIABLES[flag];
  return `--${flag}${variable ? ` (or ${variable})` : ""} ${issue?.message ?? "is wrong"}`;
}
