import fs from "node:fs";
import path from "node:path";
import { StartError } from "./options.ts";

/** The folder that keeps everything between two starts, held by one process at a time. */
export interface StateFolder {
  path: string;
  /** Gives the folder free again. */
  release: () => void;
}

/**
 * Makes the folder where needed and takes it for this process.
 * @throws {StartError} when it cannot be written, or another start holds it.
 */
export function takeStateFolder(folder: string): StateFolder {
  const absolute = path.resolve(folder);
  const lockFile = path.join(absolute, "start.pid");
  try {
    fs.mkdirSync(absolute, { recursive: true, mode: 0o700 });
    fs.accessSync(absolute, fs.constants.W_OK);
    const holder = readHolder(lockFile);
    if (holder !== null)
      throw new StartError(
        `The state folder ${absolute} is in use by another start (process ${holder}). Stop it, or use another folder with --state.`,
      );
    fs.writeFileSync(lockFile, String(process.pid));
  } catch (error) {
    if (error instanceof StartError) throw error;
    throw new StartError(
      `The state folder ${absolute} cannot be written (${(error as NodeJS.ErrnoException).code ?? String(error)}). Use another one with --state.`,
      { cause: error },
    );
  }
  return { path: absolute, release: () => fs.rmSync(lockFile, { force: true }) };
}

/** The living process that the lock file names; a file left by a killed one names none. */
function readHolder(lockFile: string): number | null {
  if (!fs.existsSync(lockFile)) return null;
  const pid = Number(fs.readFileSync(lockFile, "utf8"));
  if (!Number.isSafeInteger(pid) || pid <= 0 || pid === process.pid) return null;
  try {
    process.kill(pid, 0);
    return pid;
  } catch (error) {
    // EPERM: it lives and belongs to somebody else.
    return (error as NodeJS.ErrnoException).code === "EPERM" ? pid : null;
  }
}

/** Writes a file that only its owner may read, whole or not at all. */
export function writePrivateFile(file: string, text: string): void {
  const half = `${file}.${process.pid}.part`;
  fs.writeFileSync(half, text, { mode: 0o600 });
  fs.renameSync(half, file);
}
