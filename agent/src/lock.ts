import { createHash, randomUUID } from "node:crypto";
import { link, readFile, rename, rm, writeFile } from "node:fs/promises";
import { z } from "zod";
import { startOfProcess } from "./machine/process-start.ts";
import { hasCode, parseJson } from "./outside.ts";

/** Who holds a lock: a pid alone is not enough, because a container restarts with the same small ones. */
const Holder = z.object({ pid: z.number().int().positive(), startedAt: z.string() });
export type Holder = z.infer<typeof Holder>;

export type LockAnswer = { kind: "taken"; release: () => Promise<void> } | { kind: "busy"; holder: Holder };

/** The holder a lock file names, or null when it names nobody who still lives (its process was killed, or the file is damaged). */
export async function livingHolder(text: string, startOf: (pid: number) => Promise<string | null>): Promise<Holder | null> {
  const parsed = Holder.safeParse(parseJson(text));
  if (!parsed.success) return null;
  const start = await startOf(parsed.data.pid);
  return start === parsed.data.startedAt ? parsed.data : null;
}

/**
 * Takes a lock file. One whose holder died, by `kill -9` too, is taken over.
 * @throws the file system's error when the folder cannot be written; an error when a file of somebody else has its name.
 */
export async function takeLock(path: string): Promise<LockAnswer> {
  const own: Holder = { pid: process.pid, startedAt: (await startOfProcess(process.pid)) ?? "" };
  const draft = `${path}.${randomUUID()}`;
  const taken: LockAnswer = { kind: "taken", release: () => rm(path, { force: true }) };
  await writeFile(draft, JSON.stringify(own), { mode: 0o600 });
  try {
    for (;;) {
      // A hard link fails when the name is there, and appears with its content: nobody reads half a lock.
      if (await linked(draft, path)) return taken;
      const text = await readIfThere(path);
      if (text === null) continue;
      const holder = await livingHolder(text, startOfProcess);
      if (holder) return { kind: "busy", holder };
      if (isForeign(text)) throw new Error(`${path} is no lock of an agent`);
      // Several may find the same stale lock. Only who holds the right to replace this very one does so; else a
      // slow process would take away the lock that a quick one has just put there.
      const right = await takeLock(`${path}.after-${createHash("sha256").update(text).digest("hex").slice(0, 16)}`);
      if (right.kind === "busy") return right;
      const isStillStale = (await readIfThere(path)) === text;
      if (isStillStale) await rename(draft, path);
      await right.release();
      if (isStillStale) return taken;
    }
  } finally {
    await rm(draft, { force: true });
  }
}

/** A power cut can leave a lock without bytes, or with zeros. */
const isForeign = (text: string): boolean => text.replaceAll("\0", "") !== "" && !Holder.safeParse(parseJson(text)).success;

async function linked(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if (hasCode(error, "EEXIST")) return false;
    throw error;
  }
}

async function readIfThere(path: string): Promise<string | null> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    // A process that ends while its stat is read gives ESRCH.
    if (hasCode(error, "ENOENT", "ESRCH")) return null;
    throw error;
  }
}
