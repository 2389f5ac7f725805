import { z } from "zod";

/** A time as the document writes it. */
export const WireTime = z
  .string()
  .regex(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}$/)
  .meta({ description: "UTC, without a zone", examples: ["2024-10-02T10:00:00"] });

/** Unix milliseconds to the document's form `2024-10-02T10:00:00`: no zone, always UTC (decisions, "Times"). */
export function toWireTime(unixMs: number): string {
  return new Date(unixMs).toISOString().slice(0, 19);
}

/** The way back, to Unix milliseconds. */
export function fromWireTime(time: string): number {
  return Date.parse(`${time}Z`);
}
