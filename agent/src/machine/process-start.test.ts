import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, test } from "vitest";
import { startOfProcess } from "./process-start.ts";

/** A tool as that system has it, which knows when each process was started. */
const tool = (answer: string | null) => {
  const calls: string[] = [];
  const run = async (command: string, args: readonly string[]) => {
    calls.push([command, ...args].join(" "));
    return answer;
  };
  return { run, calls };
};

async function aDeadPid(): Promise<number> {
  const child = spawn(process.execPath, ["-e", ""]);
  await once(child, "exit");
  return child.pid ?? 0;
}

test.each([
  ["darwin", "Sun Nov 22 15:04:05 2026    \n", "Sun Nov 22 15:04:05 2026", `ps -o lstart= -p ${process.pid}`],
  [
    "win32",
    "134083226450000000\r\n",
    "134083226450000000",
    `powershell.exe -NoProfile -NonInteractive -Command (Get-Process -Id ${process.pid}).StartTime.ToFileTimeUtc()`,
  ],
] as const)("on %s a process is known by its pid and its start", async (platform, printed, mark, command) => {
  const { run, calls } = tool(printed);
  expect(await startOfProcess(process.pid, platform, run)).toBe(mark);
  expect(calls).toEqual([command]);
});

test("a system that does not tell the start still tells the living from the dead", async () => {
  const { run } = tool(null);
  expect(await startOfProcess(process.pid, "darwin", run)).toBe("alive");
  expect(await startOfProcess(await aDeadPid(), "darwin", run)).toBeNull();
});

test("on this system two processes have each a mark of its own", async () => {
  const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"]);
  await once(child, "spawn");
  const [own, other] = await Promise.all([startOfProcess(process.pid), startOfProcess(child.pid ?? 0)]);
  child.kill("SIGKILL");
  expect(own).not.toBeNull();
  expect(other).not.toBeNull();
  expect(await startOfProcess(await aDeadPid())).toBeNull();
});
