import { execFile } from "node:child_process";

/** Longer than any of them takes on a busy machine. */
const TOOL_MS = 5_000;

/** What a tool of the system prints; null when it is not there, fails or hangs. It never throws. */
export type RunTool = (command: string, args: readonly string[]) => Promise<string | null>;

export const runTool: RunTool = (command, args) =>
  new Promise((resolve) => {
    execFile(command, [...args], { timeout: TOOL_MS, windowsHide: true, maxBuffer: 4 * 1024 * 1024 }, (error, stdout) =>
      resolve(error ? null : stdout),
    );
  });
