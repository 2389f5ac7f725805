import { spawn } from "node:child_process";

/** Its input ends with the process that holds the other end, however that went; a line says that nothing is left to do. */
const WATCH = 'trap "" HUP INT TERM; read -r _ || kill -s KILL -- "-$1"';

/**
 * Has a process group killed as soon as this process is gone, `kill -9` included: what an engine's program goes on drawing then is for
 * nobody, and holds the GPU against the next agent. Not on Windows, which has no groups.
 * @param leaderPid of a child that was started as the leader of a group.
 * @returns to be called once the group has ended.
 */
export function endWithAgent(leaderPid: number): () => void {
  if (process.platform === "win32") return () => {};
  // In a group of its own: what kills the agent's must not kill this first.
  const watch = spawn("/bin/sh", ["-c", WATCH, "sh", String(leaderPid)], { stdio: ["pipe", "ignore", "ignore"], detached: true, env: {} });
  watch.on("error", () => {});
  watch.stdin.on("error", () => {});
  watch.unref();
  return () => void watch.stdin.end("\n");
}
