import { formatIds, formatTime, type LogEntry, maskedText } from "../log.ts";
import type { Paint, Tone } from "./paint.ts";

/** What the lines below the log show anyway, or would be told of each task again. */
const SEEN_BELOW: ReadonlySet<string> = new Set(["accepted", "uploaded", "acknowledged", "idle", "finishing"]);

const MARKS: Readonly<Record<LogEntry["level"], readonly [string, Tone]>> = {
  info: ["·", "faint"],
  warn: ["!", "warning"],
  error: ["✗", "bad"],
};

/** One event on the terminal: when, what, and for trouble the ids to ask about it with. Null for what needs no line there. */
export function logLine(entry: LogEntry, paint: Paint): string | null {
  const { level, event, unixMs, message, ids } = entry;
  if (level === "info" && SEEN_BELOW.has(event)) return null;
  const [mark, tone] = event === "drawn" ? (["✓", "good"] as const) : MARKS[level];
  const details = level === "info" ? "" : maskedText(formatIds(ids));
  const parts = [paint("faint", formatTime(unixMs)), paint(tone, mark), maskedText(message)];
  return `${parts.join(" ")}${details === "" ? "" : paint("faint", details)}`;
}
