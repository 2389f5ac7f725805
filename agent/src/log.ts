import type { LogFormat } from "./config/agent-config.ts";
import { plainText } from "./plain-text.ts";

type Level = "info" | "warn" | "error";
type Ids = Record<string, string | number | boolean | undefined>;

/** One line per event. `event` is for programs, `message` for people, `ids` for both. */
export interface Log {
  info(event: string, message: string, ids?: Ids): void;
  warn(event: string, message: string, ids?: Ids): void;
  error(event: string, message: string, ids?: Ids): void;
}

export interface LogEntry {
  unixMs: number;
  level: Level;
  event: string;
  message: string;
  ids: Ids;
}

/** Keys and grants never belong in a log, and an error's text may quote the header that held one. */
function maskSecrets(text: string): string {
  return text.replace(/sgk_[\w-]+/g, "sgk_***").replace(/(bearer)\s+[\w.~+/=-]+/gi, "$1 ***");
}

/** What comes from anywhere, as one line that holds no secret and leaves the terminal alone. */
export const maskedText = (text: string): string => maskSecrets(plainText(text.replaceAll(/\s*\n\s*/g, " | ")));

/** As the clock of this machine shows it. */
export function formatTime(unixMs: number): string {
  const time = new Date(unixMs);
  return [time.getHours(), time.getMinutes(), time.getSeconds()].map((part) => String(part).padStart(2, "0")).join(":");
}

export const formatIds = (ids: Ids): string =>
  Object.entries(ids)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => ` ${key}=${value}`)
    .join("");

export function formatLine(format: LogFormat, { unixMs, level, event, message, ids }: LogEntry): string {
  const time = new Date(unixMs).toISOString();
  if (format === "json") return maskSecrets(JSON.stringify({ time, level, event, message, ...ids }));
  return maskedText(`${formatTime(unixMs)} ${level === "info" ? "" : `${level}: `}${message}${formatIds(ids)}`);
}

/**
 * JSON all goes to stdout, where the program that asked for it reads; text for people has its errors on stderr.
 * @param print Takes everything instead, where something else is on the terminal, too.
 */
export function createLog(format: LogFormat, print?: (entry: LogEntry) => void): Log {
  // A parent that died leaves a closed pipe; that must not turn an orderly stop into a crash.
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {});
  const write =
    (level: Level) =>
    (event: string, message: string, ids: Ids = {}): void => {
      const entry = { unixMs: Date.now(), level, event, message, ids };
      if (print) print(entry);
      else (format === "text" && level === "error" ? process.stderr : process.stdout).write(`${formatLine(format, entry)}\n`);
    };
  return { info: write("info"), warn: write("warn"), error: write("error") };
}
