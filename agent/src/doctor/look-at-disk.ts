import { access, constants, rm, statfs, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Facts } from "./facts.ts";

/** Whether results could be kept in that folder. Nothing is made: one that is not there is judged by where it would be. */
export async function lookAtDisk(folder: string): Promise<Facts["disk"]> {
  const there = await nearestThere(folder);
  try {
    const { bavail, bsize } = await statfs(there);
    await (there === folder ? tryToWrite(folder) : access(there, constants.W_OK | constants.X_OK));
    return { freeBytes: bavail * bsize, isWritable: true };
  } catch {
    return { freeBytes: null, isWritable: false };
  }
}

async function nearestThere(folder: string): Promise<string> {
  const isThere = await access(folder).then(
    () => true,
    () => false,
  );
  return isThere || dirname(folder) === folder ? folder : nearestThere(dirname(folder));
}

/** Rights do not tell of a quota or a full disk. */
async function tryToWrite(folder: string): Promise<void> {
  const probe = join(folder, `doctor.${process.pid}`);
  try {
    await writeFile(probe, new Uint8Array(1024 * 1024));
  } finally {
    await rm(probe, { force: true });
  }
}
