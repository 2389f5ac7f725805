import { readFile } from "node:fs/promises";
import { hasCode } from "../outside.ts";
import { type RunTool, runTool } from "./tool.ts";

/**
 * A mark of a living process that another one of the same pid does not have: after a crash or a restart of the system, pids are
 * given out anew. Null when no such process lives.
 */
export async function startOfProcess(
  pid: number,
  platform: NodeJS.Platform = process.platform,
  run: RunTool = runTool,
): Promise<string | null> {
  if (platform === "linux") return startOnLinux(pid);
  if (!isAlive(pid)) return null;
  const asked =
    platform === "win32"
      ? await run("powershell.exe", ["-NoProfile", "-NonInteractive", "-Command", `(Get-Process -Id ${pid}).StartTime.ToFileTimeUtc()`])
      : await run("ps", ["-o", "lstart=", "-p", String(pid)]);
  // A box without the tool cannot tell them apart: better to refuse a start than to run twice.
  return asked?.trim() || "alive";
}

async function startOnLinux(pid: number): Promise<string | null> {
  const stat = await readIfThere(`/proc/${pid}/stat`);
  // The name in parentheses may hold spaces; after it come the state and, 20th, the start in ticks since boot.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const start = fields[19];
  const isDead = fields[0] === "Z" || fields[0] === "X";
  return start && !isDead ? `${start}@${(await readIfThere("/proc/sys/kernel/random/boot_id")).trim()}` : null;
}

async function readIfThere(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    // A process that ends while its stat is read gives ESRCH.
    if (hasCode(error, "ENOENT", "ESRCH")) return "";
    throw error;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return hasCode(error, "EPERM");
  }
}
