/** Unix milliseconds to the document's form `2024-10-02T10:00:00`: no zone, always UTC (decisions, "Times"). */
export function toWireTime(unixMs: number): string {
  return new Date(unixMs).toISOString().slice(0, 19);
}
