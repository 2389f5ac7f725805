import { execFileSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { execa } from "execa";
import { z } from "zod";
import { Program } from "../chaos/program.ts";
import { PROJECT } from "../system/local-start.ts";

const AGENT = path.join(PROJECT, "agent");
const BIN = path.join(AGENT, "bin/stargraph-agent.mjs");

const LogLine = z.object({ event: z.string(), message: z.string(), attemptId: z.string().optional() });
export type LogLine = z.infer<typeof LogLine>;

export interface BoxOptions {
  name: string;
  folder: string;
  /** What its owner wrote in the config file, besides where it keeps its state. */
  config: Record<string, unknown>;
}

/** An agent's real program, killed and started again on the same state folder. */
export class Box {
  readonly #options: BoxOptions;
  readonly #listeners = new Set<(line: LogLine) => void>();
  /** All that it has logged, in all its lives. */
  readonly log: LogLine[] = [];
  #program: Program | null = null;

  constructor(options: BoxOptions) {
    this.#options = options;
  }

  get #stateFolder(): string {
    return path.join(this.#options.folder, this.#options.name);
  }

  /** Resolves once it has registered. */
  async start(): Promise<void> {
    const { name, folder, config } = this.#options;
    const file = path.join(folder, `${name}.yaml`);
    const boundless = { "min-disk": "0", "min-memory": "0" };
    fs.writeFileSync(file, JSON.stringify({ name, log: "json", ...boundless, ...config, state: this.#stateFolder }), { mode: 0o600 });
    const registered = this.event("registered");
    const program = new Program({
      file: BIN,
      args: ["--config", file],
      logFile: path.join(folder, `${name}.log`),
      onLine: (line) => this.#hear(line),
    });
    this.#program = program;
    await Promise.race([
      registered,
      program.exited.then(() => Promise.reject(new Error(`${name} did not start: see ${folder}/${name}.log`))),
    ]);
  }

  /** The next time that it logs this. */
  event(name: string): Promise<LogLine> {
    return new Promise((resolve) => {
      const listener = (line: LogLine) => {
        if (line.event !== name) return;
        this.#listeners.delete(listener);
        resolve(line);
      };
      this.#listeners.add(listener);
    });
  }

  async end(signal: "SIGKILL" | "SIGTERM"): Promise<void> {
    await this.#program?.end(signal);
  }

  /** How large a file may become, as a disk that is nearly full says it; null for as large as it likes. Linux only. */
  limitFiles(bytes: number | null): void {
    execFileSync("prlimit", ["--pid", String(this.#program?.pid), `--fsize=${bytes ?? "unlimited"}:`]);
  }

  /** Another command of the same program, for this agent. */
  async tell(command: string): Promise<void> {
    await execa(process.execPath, [BIN, command, "--state", this.#stateFolder]);
  }

  /** Programs that it has started, by their numbers. */
  children(): number[] {
    const { pid } = this.#program ?? {};
    return fs.readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ").map(Number);
  }

  /** Attempts of which something lies on its disk. */
  spooled(): string[] {
    const spool = path.join(this.#stateFolder, "spool");
    return fs.existsSync(spool) ? fs.readdirSync(spool) : [];
  }

  #hear(line: string): void {
    const said = LogLine.safeParse(line.startsWith("{") ? JSON.parse(line) : null);
    if (!said.success) return;
    this.log.push(said.data);
    for (const listener of this.#listeners) listener(said.data);
  }
}
