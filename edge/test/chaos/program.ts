import { spawn } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import readline from "node:readline";

const EDGE_FOLDER = path.resolve(import.meta.dirname, "../..");

export interface ProgramOptions {
  /** TypeScript, run by the project's own Node. */
  file: string;
  args: string[];
  env?: Record<string, string>;
  logFile: string;
  onLine: (line: string) => void;
}

/** A process group of its own, killed as a whole. It notices over its channel when this process is gone, however it went. */
export class Program {
  readonly exited: Promise<void>;
  #hasExited = false;
  readonly pid: number;

  constructor({ file, args, env = {}, logFile, onLine }: ProgramOptions) {
    const child = spawn(process.execPath, ["--import", "tsx", file, ...args], {
      // Where tsx is found.
      cwd: EDGE_FOLDER,
      env: { ...process.env, ...env },
      detached: true,
      stdio: ["ignore", "pipe", "pipe", "ipc"],
    });
    const log = fs.createWriteStream(logFile, { flags: "a" });
    for (const stream of [child.stdout, child.stderr]) {
      if (!stream) throw new Error("a program without output");
      readline.createInterface({ input: stream }).on("line", (line) => {
        log.write(`${line}\n`);
        onLine(line);
      });
    }
    if (child.pid === undefined) throw new Error(`${file} could not be started`);
    this.pid = child.pid;
    this.exited = new Promise((resolve) => {
      child.once("exit", () => {
        this.#hasExited = true;
        log.end();
        resolve();
      });
    });
  }

  get hasExited(): boolean {
    return this.#hasExited;
  }

  /** To the whole group; one that is gone already stays gone. */
  async end(signal: "SIGKILL" | "SIGTERM"): Promise<void> {
    try {
      process.kill(-this.pid, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
    }
    await this.exited;
  }
}
