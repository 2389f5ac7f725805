import fs from "node:fs";
import path from "node:path";
import { releaseLock, takeLock } from "./lock.ts";
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
  const lockFile = path.join(absolute, "start.lock");
  let holder;
  try {
    fs.mkdirSync(absolute, { recursive: true, mode: 0o700 });
    holder = takeLock(lockFile);
  } catch (error) {
    const why = (error as NodeJS.ErrnoException).code ?? String(error);
    throw new StartError(`The state folder ${absolute} cannot be written (${why}). Use another one with --state.`, { cause: error });
  }
  if (holder) {
    throw new StartError(
      `The state folder ${absolute} is in use by another start (process ${holder.pid}). Stop it, or use another folder with --state.`,
    );
  }
  return { path: absolute, release: () => releaseLock(lockFile) };
}

/** Writes a file that only its owner may read, whole or not at all. */
export function writePrivateFile(file: string, text: string): void {
  const half = `${file}.${process.pid}.part`;
  fs.writeFileSync(half, text, { mode: 0o600 });
  fs.renameSync(half, file);
}

/**
 * A file that lines are added to.
 * @throws {StartError} when it cannot be opened; what goes wrong later is said once on the terminal and loses lines, nothing else.
 */
export function openLog(file: string): { write: (line: string) => void; close: () => void } {
  let descriptor: number;
  try {
    descriptor = fs.openSync(file, "a", 0o600);
  } catch (error) {
    throw new StartError(
      `${file} cannot be written (${(error as NodeJS.ErrnoException).code}). Remove it, or use another folder with --state.`,
      {
        cause: error,
      },
    );
  }
  const stream = fs.createWriteStream(file, { fd: descriptor });
  stream.once("error", (error) => console.error(`${file} cannot be written any more: ${error.message}`));
  return { write: (line) => void stream.write(`${line}\n`), close: () => void stream.end() };
}
