/** One structured line per event, with the ids that find it again. */
export function log(level: "info" | "warn" | "error", event: string, details: Record<string, unknown> = {}): void {
  console[level](JSON.stringify({ level, event, ...details }));
}
