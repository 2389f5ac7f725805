import { readFileSync, statSync } from "node:fs";
import { homedir, hostname } from "node:os";
import { dirname, join, resolve } from "node:path";
import { EngineSettings } from "../engines/settings.ts";
import { hasCode, messageOf } from "../outside.ts";
import type { AgentConfig, PartialConfig } from "./agent-config.ts";
import type { CommandLine } from "./command-line.ts";
import { type ConfigFile, parseConfigFile } from "./config-file.ts";
import { firstWrong } from "./issue-words.ts";
import { SETTING_NAMES, type SettingName, Settings, variableOf } from "./settings.ts";
import { UsageError } from "./usage-error.ts";

/** Where settings come from, besides the flags. */
export interface Surroundings {
  env: NodeJS.ProcessEnv;
  home: string;
  hostName: string;
  /** A file's text, and whether other users of the machine can read it; null when it is not there. */
  readText(path: string): { text: string; isOpenToOthers: boolean } | null;
}

export const SURROUNDINGS: Surroundings = { env: process.env, home: homedir(), hostName: hostname(), readText };

/** In the state folder, so that one folder is all there is to keep. */
export const defaultConfigPath = (home: string): string => join(home, ".stargraph-agent", "config.yaml");

/**
 * A flag wins over its variable, that over the file, that over the default. An empty variable is an absent one.
 * @throws {UsageError}
 */
export function readConfig({ flags }: Pick<CommandLine, "flags">, around: Surroundings = SURROUNDINGS): PartialConfig {
  const { env, home, hostName } = around;
  const file = readFile(flags["config"] ?? (env["STARGRAPH_CONFIG"] || undefined), around);
  const sourceOf: SourceOf = (name) =>
    flags[name] !== undefined ? "flag" : env[variableOf(name)] ? "variable" : (file.values[name] ?? null) !== null ? "file" : null;
  const values = { flag: flags, variable: mapNames((name) => env[variableOf(name)]), file: file.values };
  const raw = mapNames((name) => {
    const source = sourceOf(name);
    return source === null ? undefined : values[source][name];
  });
  const parsed = Settings.safeParse(raw);
  if (!parsed.success) {
    const { path, text } = firstWrong(parsed.error.issues);
    const name = path[0] as SettingName;
    // The value itself is not repeated: it may be a key, mistyped.
    if (sourceOf(name) !== "file") throw new UsageError(`${sourceOf(name) === "flag" ? `--${name}` : variableOf(name)} ${text}`);
    throw new UsageError(`${file.placeOf(path)}: ${path.join(".")} ${text}`);
  }
  const settings = parsed.data;
  const stateFolder = settings.state === undefined ? join(home, ".stargraph-agent") : pathOf(settings.state, sourceOf("state"), file, home);
  return {
    edge: settings.edge ?? null,
    key: keyOf(settings, file, sourceOf, around),
    name: settings.name ?? (hostName.slice(0, 100) || "agent"),
    stateFolder,
    engines: enginesOf(settings, file, sourceOf),
    isEngineChosen: settings.engine !== undefined || settings.engines !== undefined,
    log: settings.log,
    limits: {
      types: settings.types ?? null,
      models: settings.models ?? null,
      maxPixels: settings["max-pixels"] ?? null,
      ownTasks: settings["own-tasks"],
      refusedWords: settings["refuse-words"],
    },
    rest: {
      hours: settings.hours,
      isIdleOnly: settings["idle-only"],
      coolDownMs: settings["cool-down"],
      maxTemperatureCelsius: settings["max-temperature"],
      minFreeDiskBytes: settings["min-disk"],
      minFreeMemoryBytes: settings["min-memory"],
      freeAfterMs: settings["free-after"],
    },
    inputCacheBytes: settings["input-cache"],
    statusPort: settings["status-port"] ?? null,
    stopWithinMs: settings["stop-within"],
    extraAuthorities: authoritiesOf(settings, file, sourceOf("ca-file"), around),
    proxy: settings.proxy ?? null,
  };
}

const INIT = '"stargraph-agent init" asks for what it needs, and writes it down';

/** @throws {UsageError} edge or key are not known. */
export function withEdgeAndKey({ edge, key, ...rest }: PartialConfig): AgentConfig {
  if (edge === null)
    throw new UsageError(
      `no --edge given: it needs the address of the edge, as in --edge https://api.example.com (or env STARGRAPH_EDGE). ${INIT}`,
    );
  if (key === null) throw new UsageError(`no --key given: it needs an agent key, as in --key sgk_... (or env STARGRAPH_KEY). ${INIT}`);
  return { edge, key, ...rest };
}

type ReadFile = ConfigFile & { path: string; isOpenToOthers: boolean };
type Source = "flag" | "variable" | "file" | null;
type SourceOf = (name: SettingName) => Source;
/** Who is nearer to the owner's hand wins. */
const NEARNESS = { flag: 3, variable: 2, file: 1 } as const;
const nearnessOf = (source: Source): number => (source === null ? 0 : NEARNESS[source]);

function readFile(named: unknown, around: Surroundings): ReadFile {
  const path = typeof named === "string" ? resolve(named) : defaultConfigPath(around.home);
  const found = around.readText(path);
  if (!found && typeof named === "string") throw new UsageError(`there is no config file ${path}; "stargraph-agent init" writes one`);
  return { ...parseConfigFile(found?.text ?? "", path, SETTING_NAMES), path, isOpenToOthers: found?.isOpenToOthers ?? false };
}

function enginesOf(settings: Settings, file: ReadFile, sourceOf: SourceOf): EngineSettings[] {
  const { engine, slots, engines, "map-model": mappedModels } = settings;
  // A flag says what is to run now, whatever the file lists.
  if (engines && engine === undefined) {
    const unplaced = (["slots", "map-model"] as const).find((name) => sourceOf(name) !== null);
    if (unplaced === undefined) return engines;
    const name = nameAt(unplaced, sourceOf(unplaced), file);
    throw new UsageError(`${name} is for one engine: say it in the entry under "engines:" that it is meant for`);
  }
  return [EngineSettings.parse({ engine: engine ?? "built-in", ...(slots && { slots }), ...(mappedModels && { mappedModels }) })];
}

/** As whoever wrote it would look for it. */
const nameAt = (name: SettingName, source: Source, file: ReadFile): string =>
  source === "flag" ? `--${name}` : source === "variable" ? `env ${variableOf(name)}` : `${file.placeOf([name])}: ${name}`;

/** In the file, a path is meant from where the file is; no shell has looked at a `~` there. */
function pathOf(path: string, source: Source, file: ReadFile, home: string): string {
  if (/^~[\\/]/.test(path)) return join(home, path.slice(2));
  return resolve(source === "file" ? dirname(file.path) : ".", path);
}

function keyOf(settings: Settings, file: ReadFile, sourceOf: SourceOf, around: Surroundings): string | null {
  const source = sourceOf("key-file");
  const [direct, inFile] = [nearnessOf(sourceOf("key")), nearnessOf(source)];
  if (direct > 0 && direct === inFile) throw new UsageError(`${nameAt("key-file", source, file)} and key are both given`);
  if (direct > inFile && sourceOf("key") === "file" && file.isOpenToOthers) throw openToOthers(file.path);
  const named = settings["key-file"];
  if (direct > inFile || named === undefined) return settings.key ?? null;
  const path = pathOf(named, source, file, around.home);
  const found = around.readText(path);
  if (!found) throw new UsageError(`there is no key file ${path}`);
  if (found.isOpenToOthers) throw openToOthers(path);
  const key = Settings.shape.key.safeParse(found.text.trim());
  if (!key.success || key.data === undefined)
    throw new UsageError(`${path}:1: expected an agent key: sgk_ and at least 8 letters or digits`);
  return key.data;
}

function authoritiesOf(settings: Settings, file: ReadFile, source: Source, around: Surroundings): string | null {
  const named = settings["ca-file"];
  if (named === undefined) return null;
  const path = pathOf(named, source, file, around.home);
  const text = around.readText(path)?.text;
  if (!text?.includes("-----BEGIN CERTIFICATE-----")) throw new UsageError(`${path}: expected certificates in PEM form`);
  return text;
}

const openToOthers = (path: string) =>
  new UsageError(`${path} holds a key and can be read by other users of this machine: chmod 600 ${path}`);

function mapNames(valueOf: (name: SettingName) => unknown): Record<string, unknown> {
  return Object.fromEntries(SETTING_NAMES.map((name) => [name, valueOf(name)]).filter(([, value]) => value !== undefined));
}

function readText(path: string): { text: string; isOpenToOthers: boolean } | null {
  try {
    // Windows keeps who may read a file elsewhere.
    const isOpenToOthers = process.platform !== "win32" && (statSync(path).mode & 0o077) !== 0;
    return { text: readFileSync(path, "utf8"), isOpenToOthers };
  } catch (error) {
    if (hasCode(error, "ENOENT")) return null;
    throw new UsageError(`cannot read ${path}: ${messageOf(error)}`, { cause: error });
  }
}
