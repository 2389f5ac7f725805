import { TaskType } from "@star-graph/shared/task";
import { z } from "zod";
import { ENGINE_NAMES, EngineSettings, type MappedModel } from "../engines/settings.ts";
import { parseBytes, parseDuration, parseHours } from "./units.ts";

const LOG_FORMATS = ["text", "json"] as const;
const OWN_TASKS = ["any", "first", "only"] as const;

const words = (text: string) => ({ error: text });
/** Flags and variables are text; a file has numbers. */
const numeric = (value: unknown) => (typeof value === "string" && /^\d+$/.test(value) ? Number(value) : value);
const whole = (min: number, max: number, text: string) =>
  z.preprocess(numeric, z.int(words(text)).min(min, words(text)).max(max, words(text)));
const listed = <T extends z.ZodType>(item: T, max: number, what: string) =>
  z.preprocess(splitList, z.array(item, words(`must be a list of ${what}`)).max(max, words(`must name at most ${max} ${what}`)));
const parsed = <T>(parse: (text: string) => T | null, text: string) =>
  z.preprocess(
    String,
    z.string().transform((value, context): T => {
      const found = parse(value.trim());
      if (found !== null) return found;
      context.addIssue(text);
      return z.NEVER;
    }),
  );

function splitList(value: unknown): unknown {
  const entries: unknown[] = Array.isArray(value) ? value : [value];
  return entries
    .flatMap((entry) => (typeof entry === "string" ? entry.split(",").map((name) => name.trim()) : [entry]))
    .filter((name) => name !== "");
}

/** `NAME` or `NAME:TYPE+TYPE`. A colon before anything but capitals belongs to the name. */
const MappedModelText = z.string(words("must be a name")).transform((text, context): MappedModel => {
  const [, typed, list] = /^(.+):([A-Z0-9+]+)$/.exec(text) ?? [];
  const types = list === undefined ? null : z.array(TaskType).safeParse(list.split("+"));
  const name = typed ?? text;
  if (name.length > 128) context.addIssue("must have at most 128 characters a name");
  if (types && !types.success) context.addIssue(`must list types of task behind a colon, as in ${name}:TEXT2IMG+IMG2IMG`);
  return { name, types: types?.data ?? null };
});

const yes = z.preprocess(
  (value) =>
    value === "true" || value === "1" || value === "yes" ? true : value === "false" || value === "0" || value === "no" ? false : value,
  z.boolean(words("must be true or false")),
);
const filled = z.string(words("must be text")).trim().min(1, "must not be empty");
const duration = parsed(parseDuration, "must be a time such as 30s, 5m, 2h or 1h30m");
const bytes = parsed(parseBytes, "must be a size such as 500MB or 2GB");

/**
 * All that an owner can set, each under one name: `--max-pixels`, `STARGRAPH_MAX_PIXELS`, and `max-pixels:` in the file.
 * None is required here; each command says what it needs.
 */
export const Settings = z.object({
  edge: z
    .url({ protocol: /^https?$/, error: "must be a URL that starts with https:// or http://" })
    .transform((text) => new URL(text))
    .optional(),
  key: z
    .string(words("must be text"))
    .regex(/^sgk_[\w-]{8,200}$/, "must be an agent key: sgk_ and at least 8 letters or digits")
    .optional(),
  "key-file": filled.optional(),
  name: filled.max(100, "must have at most 100 characters").optional(),
  state: filled.optional(),
  log: z.enum(LOG_FORMATS, `must be one of: ${LOG_FORMATS.join(", ")}`).default("text"),

  engine: z.enum(ENGINE_NAMES, `must be one of: ${ENGINE_NAMES.join(", ")}`).optional(),
  slots: whole(1, 64, "must be a whole number from 1 to 64").optional(),
  "map-model": listed(MappedModelText, 400, "models").optional(),
  /** In a file only: one entry for each engine, with what that engine needs. */
  engines: z.array(EngineSettings).min(1, "must have an entry").max(16, "must have at most 16 entries").optional(),

  types: listed(z.enum(TaskType.options, `must be of: ${TaskType.options.join(", ")}`), 6, "types").optional(),
  models: listed(filled, 400, "models").optional(),
  "max-pixels": whole(1, 2 ** 31, "must be a whole number of pixels: width × height").optional(),
  "own-tasks": z.enum(OWN_TASKS, `must be one of: ${OWN_TASKS.join(", ")}`).default("any"),
  "refuse-words": listed(filled.max(100, "must have at most 100 characters"), 1000, "words").default([]),

  hours: listed(parsed(parseHours, "must be hours such as 22:00-07:00"), 20, "hours").default([]),
  "idle-only": yes.default(false),
  "cool-down": duration.default(5 * 60_000),
  "max-temperature": whole(30, 120, "must be degrees Celsius, from 30 to 120").default(87),
  "min-disk": bytes.default(1e9),
  "min-memory": bytes.default(250e6),

  "free-after": duration.default(10 * 60_000),

  "stop-within": duration.default(30_000),
  "input-cache": bytes.default(512e6),
  "status-port": whole(1, 65_535, "must be a port, from 1 to 65535").optional(),
  "ca-file": filled.optional(),
  proxy: z
    .url({ protocol: /^https?$/, error: "must be the address of an HTTP proxy, as in http://proxy.example.com:3128" })
    .transform((text) => new URL(text))
    .optional(),
});
export type Settings = z.infer<typeof Settings>;
export type SettingName = keyof Settings;

export const SETTING_NAMES = Object.keys(Settings.shape) as SettingName[];
/** Flags without a value. */
export const SWITCHES: ReadonlySet<SettingName> = new Set<SettingName>(["idle-only"]);
/** Flags that may be repeated; all of it makes one list. */
export const LISTS: ReadonlySet<SettingName> = new Set<SettingName>(["map-model", "types", "models", "refuse-words", "hours"]);
/** Too much for a flag. */
export const FILE_ONLY: ReadonlySet<SettingName> = new Set<SettingName>(["engines"]);

/** `state` has a longer name, because the whole system's local start has a state folder of its own. */
export const variableOf = (name: SettingName): string =>
  name === "state" ? "STARGRAPH_AGENT_STATE" : `STARGRAPH_${name.toUpperCase().replaceAll("-", "_")}`;
