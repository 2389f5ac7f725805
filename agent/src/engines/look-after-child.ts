import type { ChildProcess } from "node:child_process";
import { endWithAgent } from "./end-with-agent.ts";

/** How long the last words of a child that has ended may take to arrive. */
const LAST_WORDS_MS = 1_000;

interface Care {
  /** Aborted: the child and all in its group are asked to end, and killed after `killMs`. */
  signal: AbortSignal;
  killMs: number;
}

/**
 * Ends a child that was started `detached` when it is asked to, with the agent at the latest (however that went, except on Windows),
 * and with it what it has started.
 * A helper that left the group is out of reach: it lives on, but what it holds of the child's output is let go of, so that
 * nobody waits for the end of that. (Without groups, on Windows, the helpers live on.)
 */
export function lookAfterChild(child: ChildProcess, { signal, killMs }: Care): void {
  if (child.pid === undefined) return;
  let timer: NodeJS.Timeout | null = null;
  const killForCertain = () => kill(child, "SIGKILL");
  const stop = () => {
    kill(child, "SIGTERM");
    timer = setTimeout(killForCertain, killMs);
  };
  ofAgent.add(child);
  const hasEnded = endWithAgent(child.pid);
  signal.addEventListener("abort", stop, { once: true });
  if (signal.aborted) stop();
  child.once("exit", () => {
    signal.removeEventListener("abort", stop);
    if (timer) clearTimeout(timer);
    killForCertain();
    ofAgent.delete(child);
    hasEnded();
    const letGo = setTimeout(() => {
      child.stdout?.destroy();
      child.stderr?.destroy();
    }, LAST_WORDS_MS);
    child.once("close", () => clearTimeout(letGo));
  });
}

/** One listener for all of them: there is one child for each task that runs. */
const ofAgent = new Set<ChildProcess>();
process.on("exit", () => {
  for (const child of ofAgent) kill(child, "SIGKILL");
});

function kill(child: ChildProcess, signal: "SIGTERM" | "SIGKILL"): void {
  try {
    // Without groups only by its handle: after its end the number may be another's.
    if (process.platform === "win32") child.kill(signal);
    else if (child.pid !== undefined) process.kill(-child.pid, signal);
  } catch {
    // Nobody is left.
  }
}
