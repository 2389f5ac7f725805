import { createHash } from "node:crypto";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";

/** A socket's path has 104 bytes on macOS, 108 on Linux. */
const MAX_SOCKET_PATH = 100;

/**
 * Where the agent that uses a state folder listens for its owner's commands: a socket in the folder, where that fits, and on
 * Windows a named pipe.
 */
export function controlAddress(stateFolder: string, platform: NodeJS.Platform = process.platform): string {
  // Windows takes C:\Users and c:\users for one folder.
  const folder = platform === "win32" ? stateFolder.toLowerCase() : stateFolder;
  const mark = createHash("sha256").update(folder).digest("hex").slice(0, 16);
  if (platform === "win32") return `\\\\.\\pipe\\stargraph-agent-${mark}`;
  const path = join(stateFolder, "control.sock");
  return Buffer.byteLength(path) <= MAX_SOCKET_PATH ? path : join(tmpdir(), `stargraph-agent-${userInfo().uid}-${mark}.sock`);
}
