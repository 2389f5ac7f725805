import { expect, test, vi } from "vitest";
import { start } from "./run-process.ts";

const HELPER = new URL("../src/engines/end-with-agent.ts", import.meta.url).href;

/** A process that starts another as the leader of a group, which heeds no SIGTERM, and says its number. */
const script = `
  import { spawn } from "node:child_process";
  import { endWithAgent } from ${JSON.stringify(HELPER)};
  const child = spawn(process.execPath, ["-e", "process.on('SIGTERM', () => {}); setInterval(() => {}, 60_000)"], { detached: true, stdio: "ignore" });
  endWithAgent(child.pid);
  console.log(child.pid);
  setInterval(() => {}, 60_000);`;

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

test.skipIf(process.platform === "win32")("what an agent has started ends with it, though it was killed with -9", async () => {
  const agent = start(["--import", "tsx", "--input-type=module", "-e", script], {});
  const pid = Number(await agent.lines.take());
  expect(isAlive(pid)).toBe(true);
  agent.child.kill("SIGKILL");
  await vi.waitUntil(() => !isAlive(pid), { timeout: 15_000 });
});
