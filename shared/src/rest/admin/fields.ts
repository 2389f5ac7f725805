import { z } from "zod";
import { WireTime } from "../../wire-time.ts";

/** An id in a path or a query. */
export const Id = z.coerce.number().int().min(1).max(Number.MAX_SAFE_INTEGER);
/** Yes or no in a query. */
export const Flag = z.enum(["true", "false"]);
/** A time that exists: the form alone would let a 31 February through. */
export const GivenTime = WireTime.refine((time) => isTime(time), "no such time");

function isTime(time: string): boolean {
  const date = new Date(`${time}Z`);
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(time);
}
