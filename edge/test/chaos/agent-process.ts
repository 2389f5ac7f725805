import fs from "node:fs";
import path from "node:path";
import { MODELS } from "./plan.ts";
import { Program } from "./program.ts";

const PROGRAM = path.resolve(import.meta.dirname, "../../../agent/test/fixtures/agent-with-quick-engine.ts");

export interface AgentOptions {
  name: string;
  edge: string;
  key: string;
  slots: number;
  stateFolder: string;
}

/** An agent's program, killed and started again on the same state folder. */
export class AgentProcess {
  readonly #options: AgentOptions;
  #program: Program | null = null;

  constructor(options: AgentOptions) {
    this.#options = options;
  }

  /** Resolves once it has registered, or has ended. */
  async start(): Promise<void> {
    const { name, edge, key, slots, stateFolder } = this.#options;
    const registered = Promise.withResolvers<void>();
    const flags = { edge, name, slots: String(slots), state: path.join(stateFolder, name), log: "json", "map-model": MODELS.join(",") };
    const program = new Program({
      file: PROGRAM,
      args: Object.entries(flags).flatMap(([flag, value]) => [`--${flag}`, value]),
      env: { STARGRAPH_KEY: key },
      logFile: path.join(stateFolder, `${name}.log`),
      onLine: (line) => line.includes('"event":"registered"') && registered.resolve(),
    });
    this.#program = program;
    await Promise.race([registered.promise, program.exited]);
  }

  get isRunning(): boolean {
    return this.#program !== null && !this.#program.hasExited;
  }

  async kill(): Promise<void> {
    await this.#program?.end("SIGKILL");
  }

  async stop(): Promise<void> {
    await this.#program?.end("SIGTERM");
    await this.kill();
  }

  /** Results on its disk that the edge has not acknowledged. */
  spooled(): string[] {
    const spool = path.join(this.#options.stateFolder, this.#options.name, "spool");
    return fs.existsSync(spool) ? fs.readdirSync(spool) : [];
  }
}
