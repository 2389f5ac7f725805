import { setTimeout as sleep } from "node:timers/promises";
import { execa } from "execa";
import { backoffMs, type BackoffLimits } from "../../backoff.ts";
import type { Log } from "../../log.ts";
import { lookAfterChild } from "../look-after-child.ts";
import type { ComfyUISettings } from "./settings.ts";

export interface ServerProcessTimings {
  /** Before a server that ended is started again. */
  restart: BackoffLimits;
  /** How often it is asked whether it lives. */
  lookMs: number;
  /** One that has answered before and then is silent for so long hangs. A load can hold the whole program up for a while. */
  hangMs: number;
  /** Asked to end, it has this long before it is killed. */
  killMs: number;
}

export interface ServerProcessDeps {
  start: NonNullable<ComfyUISettings["start"]>;
  isAnswering: () => Promise<boolean>;
  timings: ServerProcessTimings;
  log: Log;
  signal: AbortSignal;
  /** It ended, whatever was running in it. */
  onEnd: () => void;
}

const LAST_LINES = 20;

/** The owner's server, started here and kept up until the signal ends both. */
export class ServerProcess {
  readonly #deps: ServerProcessDeps;
  #stop = new AbortController();
  #life = newLife();

  constructor(deps: ServerProcessDeps) {
    this.#deps = deps;
  }

  async keep(): Promise<void> {
    const { timings, signal, log } = this.#deps;
    let failures = 0;
    while (!signal.aborted) {
      await this.#waitWhileAnswering();
      if (signal.aborted) return;
      this.#stop = new AbortController();
      this.#life = newLife();
      const why = await runOnce(this.#deps, this.#stop, this.#life);
      if (signal.aborted) return;
      this.#deps.onEnd();
      failures = this.#life.hasAnswered ? 0 : failures + 1;
      const waitMs = backoffMs(failures, Math.random(), timings.restart);
      log.warn("engine-ended", `ComfyUI ${why}; it is started again`, { waitMs });
      await sleep(waitMs, undefined, { signal }).catch(() => {});
    }
  }

  /** One that runs already, that somebody else has started, has the port: it is used until it ends. */
  async #waitWhileAnswering(): Promise<void> {
    const { isAnswering, timings, signal, log } = this.#deps;
    let isSaid = false;
    while (!signal.aborted && (await isAnswering())) {
      if (!isSaid) log.info("engine-found", "A ComfyUI runs there already: it is used, and one is started when it ends");
      isSaid = true;
      await sleep(timings.lookMs, undefined, { signal }).catch(() => {});
    }
  }

  /** It has said something: it lives, though it may be too busy to answer a question. */
  noteLife(): void {
    this.#life.hasAnswered = true;
    this.#life.heardAtMs = performance.now();
  }

  /**
   * Ends it now, politely and then for certain; it is started again.
   * @param why for the log, as in "ComfyUI hangs".
   */
  restart(why: string): void {
    this.#stop.abort(why);
  }
}

interface Life {
  hasAnswered: boolean;
  heardAtMs: number;
}
const newLife = (): Life => ({ hasAnswered: false, heardAtMs: performance.now() });

/** One process from start to end; why it ended, in words. */
async function runOnce(
  { start, isAnswering, timings, log, signal }: ServerProcessDeps,
  stop: AbortController,
  life: Life,
): Promise<string> {
  const [file = "", ...args] = start.command;
  const lines: string[] = [];
  const child = execa(file, args, {
    ...(start.folder !== undefined && { cwd: start.folder }),
    // The agent's key is nothing for the custom nodes of strangers that a ComfyUI may hold.
    env: { STARGRAPH_KEY: undefined },
    stdin: "ignore",
    all: true,
    buffer: false,
    reject: false,
    // Not in our group: the owner's Ctrl-C asks the agent to finish its task, and would end the server in the midst of it.
    detached: process.platform !== "win32",
  });
  lookAfterChild(child.nodeChildProcess, { signal: AbortSignal.any([signal, stop.signal]), killMs: timings.killMs });
  log.info("engine-started", `ComfyUI started (pid ${child.pid ?? "none"}): ${start.command.join(" ")}`);
  const reading = keepLastLines(child.iterable({ from: "all" }), lines);
  let hangs = false;
  const over = new AbortController();
  const watching = watch({ isAnswering, start, timings, signal: over.signal }, life).then((isHanging) => {
    hangs = isHanging;
    if (isHanging) stop.abort();
  });
  const { exitCode, signal: killedBy, shortMessage } = await child;
  const wasStopped = stop.signal.aborted;
  over.abort();
  await Promise.all([watching, reading]);
  if (hangs) return life.hasAnswered ? "hangs" : `did not answer within ${start.withinSeconds} s`;
  if (wasStopped) return String(stop.signal.reason);
  const said = lines.length > 0 ? `: ${lines.join(" | ").slice(-1000)}` : shortMessage === undefined ? "" : `: ${shortMessage}`;
  return `ended (${killedBy ?? exitCode ?? "not started"})${said}`;
}

async function keepLastLines(output: AsyncIterable<unknown>, lines: string[]): Promise<void> {
  try {
    for await (const line of output) {
      lines.push(String(line));
      if (lines.length > LAST_LINES) lines.shift();
    }
  } catch {
    // The child's own end says what went wrong.
  }
}

/** True when the server hangs, false when it was told to stop looking. */
async function watch(
  { isAnswering, start, timings, signal }: Pick<ServerProcessDeps, "isAnswering" | "start" | "timings" | "signal">,
  life: Life,
): Promise<boolean> {
  while (!signal.aborted) {
    await sleep(timings.lookMs, undefined, { signal }).catch(() => {});
    if (signal.aborted) return false;
    if (await isAnswering()) {
      life.hasAnswered = true;
      life.heardAtMs = performance.now();
    }
    const limitMs = life.hasAnswered ? timings.hangMs : start.withinSeconds * 1000;
    if (performance.now() - life.heardAtMs >= limitMs) return true;
  }
  return false;
}
