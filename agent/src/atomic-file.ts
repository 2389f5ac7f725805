import { open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";

/** Writes and waits until the bytes are on the disk. Mode 0600: what the agent keeps holds grants and other people's pictures. */
export async function writeFileDurably(path: string, data: string | Uint8Array): Promise<void> {
  const file = await open(path, "w", 0o600);
  try {
    await file.writeFile(data);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** After a crash or a power cut the file is the old one or the new one, never half of it. */
export async function writeFileAtomically(path: string, data: string): Promise<void> {
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    await writeFileDurably(temporary, data);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncToDisk(dirname(path));
}

/** Makes a file's bytes last, or a folder's names. Windows cannot open a folder, and needs none of it. */
export async function syncToDisk(path: string): Promise<void> {
  if (process.platform === "win32") return;
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
