import fs from "node:fs";

/** Who holds the lock. A pid alone is not enough: it may have been given to another program since. */
interface Holder {
  pid: number;
  startedAt: string;
}

const TRIES = 10;

/**
 * Takes a lock file for this process, over from one that no longer lives.
 * @returns the process that holds it, or null when it is ours now.
 * @throws the file system's error when it cannot be written.
 */
export function takeLock(file: string): Holder | null {
  const own = JSON.stringify({ pid: process.pid, startedAt: startOf(process.pid) ?? "" } satisfies Holder);
  for (let tries = 0; tries < TRIES; tries++) {
    if (created(file, own)) return null;
    const text = readIfThere(file);
    if (text === null) continue;
    const holder = parseHolder(text);
    if (holder && startOf(holder.pid) === holder.startedAt) return holder;
    putAway(file, text);
  }
  throw new Error(`${file} keeps changing`);
}

export function releaseLock(file: string): void {
  if (parseHolder(readIfThere(file) ?? "")?.pid === process.pid) fs.rmSync(file, { force: true });
}

function created(file: string, text: string): boolean {
  // Linked into place whole: nobody reads half a lock.
  const draft = `${file}.${process.pid}`;
  fs.writeFileSync(draft, text, { mode: 0o600 });
  try {
    fs.linkSync(draft, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  } finally {
    fs.rmSync(draft, { force: true });
  }
}

/** Removes a stale lock; one that somebody has put there meanwhile is put back. */
function putAway(file: string, stale: string): void {
  const aside = `${file}.${process.pid}.stale`;
  try {
    fs.renameSync(file, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
    throw error;
  }
  const taken = readIfThere(aside);
  if (taken !== null && taken !== stale) created(file, taken);
  fs.rmSync(aside, { force: true });
}

/** A mark that differs between two processes of the same pid; null when no such process lives. */
function startOf(pid: number): string | null {
  if (process.platform === "linux") {
    const stat = readIfThere(`/proc/${pid}/stat`) ?? "";
    // The name in parentheses may hold spaces; the 20th field after it is the start in ticks since boot.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const isDead = fields[0] === "Z" || fields[0] === "X";
    return fields[19] && !isDead ? fields[19] : null;
  }
  try {
    process.kill(pid, 0);
    return "alive";
  } catch (error) {
    // EPERM: it lives and belongs to somebody else.
    return (error as NodeJS.ErrnoException).code === "EPERM" ? "alive" : null;
  }
}

function parseHolder(text: string): Holder | null {
  try {
    const { pid, startedAt } = JSON.parse(text) as Partial<Holder>;
    return Number.isSafeInteger(pid) && typeof startedAt === "string" ? { pid: Number(pid), startedAt } : null;
  } catch {
    // Damaged, so that it names nobody.
    return null;
  }
}

function readIfThere(file: string): string | null {
  try {
    return fs.readFileSync(file, "utf8");
  } catch (error) {
    // A process that ends while its stat is read gives ESRCH.
    if (["ENOENT", "ESRCH"].includes((error as NodeJS.ErrnoException).code ?? "")) return null;
    throw error;
  }
}
