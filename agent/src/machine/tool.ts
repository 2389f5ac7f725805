import { execFile } from "node:child_process";
import { hasCode, messageOf } from "../outside.ts";

/** Longer than any of them takes on a busy machine. */
const TOOL_MS = 5_000;

/** What a tool of the system prints; null when it is not there, fails or hangs. It never throws. */
export type RunTool = (command: string, args: readonly string[]) => Promise<string | null>;

export const runTool: RunTool = async (command, args) => {
  const { failure, stdout } = await callTool(command, args);
  return failure === null ? stdout : null;
};

/** The same for a program that may be told to stop meanwhile: a broken driver has its tools hang. */
export const runToolUntil =
  (stop: AbortSignal): RunTool =>
  async (command, args) => {
    const { failure, stdout } = await callTool(command, args, { signal: stop });
    return failure === null ? stdout : null;
  };

/** The same for a person who wants to know why it did not work: in the tool's own words, where it had any. */
export function callTool(
  command: string,
  args: readonly string[],
  { timeoutMs = TOOL_MS, signal }: { timeoutMs?: number; signal?: AbortSignal } = {},
): Promise<{ failure: string | null; stdout: string }> {
  const limits = { timeout: timeoutMs, killSignal: "SIGKILL", windowsHide: true, maxBuffer: 4 * 1024 * 1024 } as const;
  return new Promise((resolve) => {
    execFile(command, [...args], { ...limits, ...(signal && { signal }) }, (error, stdout, stderr) => {
      if (!error) resolve({ failure: null, stdout });
      else if (hasCode(error, "ENOENT")) resolve({ failure: `this machine has no ${command}`, stdout });
      else resolve({ failure: stderr.trim() || messageOf(error), stdout });
    });
  });
}
