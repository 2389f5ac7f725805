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

interface Entry {
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

export function formatLine(format: LogFormat, { unixMs, level, event, message, ids }: Entry): string {
  const time = new Date(unixMs).toISOString();
  if (format === "json") return maskSecrets(JSON.stringify({ time, level, event, message, ...ids }));
  const known = Object.entries(ids).filter(([, value]) => value !== undefined);
  const suffix = known.map(([key, value]) => ` ${key}=${value}`).join("");
  const line = `${time.slice(11, 19)} ${level === "info" ? "" : `${level}: `}${message}${suffix}`;
  return maskSecrets(plainText(line.replaceAll(/\s*\n\s*/g, " | ")));
}

/**
 * JSON all goes to stdout, where the program that asked for it reads; text for people has its errors on stderr.
 * @param print Takes all lines instead, where something else is on the terminal, too.
 */
export function createLog(format: LogFormat, print?: (line: string) => void): Log {
  // A parent that died leaves a closed pipe; that must not turn an orderly stop into a crash.
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {});
  const write =
    (level: Level) =>
    (event: string, message: string, ids: Ids = {}): void => {
      const line = formatLine(format, { unixMs: Date.now(), level, event, message, ids });
      if (print) print(line);
      else (format === "text" && level === "error" ? process.stderr : process.stdout).write(`${line}\n`);
    };
  return { info: write("info"), warn: write("warn"), error: write("error") };
}
