import { readFile, rm } from "node:fs/promises";
import { z } from "zod";
import { writeFileAtomically } from "../atomic-file.ts";
import { hasCode, parseJson } from "../outside.ts";

/** `untilMs` is null for "until it is resumed": JSON has no Infinity. */
const Pause = z.object({ untilMs: z.number().nullable() });

/** No calendar goes further. */
const LAST_DATE_MS = 8.64e15;

/** A pause outlives the process: an owner who paused the agent does not want it back after a restart of the machine. */
export async function readPause(path: string): Promise<number | null> {
  try {
    const pause = Pause.safeParse(parseJson(await readFile(path, "utf8")));
    if (!pause.success) return null;
    const { untilMs } = pause.data;
    return untilMs === null || untilMs > LAST_DATE_MS ? Infinity : untilMs;
  } catch (error) {
    if (hasCode(error, "ENOENT")) return null;
    throw error;
  }
}

/** @param untilMs null takes the pause away. */
export async function writePause(path: string, untilMs: number | null): Promise<void> {
  if (untilMs === null) await rm(path, { force: true });
  else await writeFileAtomically(path, `${JSON.stringify({ untilMs: Number.isFinite(untilMs) ? untilMs : null })}\n`);
}
