import fs from "node:fs";
import path from "node:path";
import { z } from "zod";
import type { Shard } from "../../src/dispatch/shards/pools.ts";
import type { EdgeOrder } from "./edge-program.ts";
import type { FaultRates } from "./faulty/faults.ts";
import { Program } from "./program.ts";

const Fault = z.object({ chaos: z.string() });
const Queue = z.object({ items: z.array(z.string()), duties: z.number() });
const Swept = z.object({ isOrphanGone: z.boolean() });
const Files = z.array(z.object({ key: z.string(), size: z.number() }));

/** The edge as a process that can be killed and started again on the same data and port. */
export class EdgeProcess {
  readonly #order: EdgeOrder;
  readonly #onFault: (fault: string) => void;
  #program: Program | null = null;
  #starts = 0;
  #isUp = false;
  #faults: { rates: FaultRates; seed: number } | null = null;

  constructor(order: EdgeOrder, onFault: (fault: string) => void) {
    this.#order = order;
    this.#onFault = onFault;
  }

  /** @throws when it ends before it is ready */
  async start(): Promise<void> {
    const { stateFolder } = this.#order;
    const orderFile = path.join(stateFolder, "edge.json");
    fs.writeFileSync(orderFile, JSON.stringify(this.#order), { mode: 0o600 });
    const ready = Promise.withResolvers<void>();
    const program = new Program({
      file: path.join(import.meta.dirname, "edge-program.ts"),
      args: [orderFile],
      logFile: path.join(stateFolder, "edge.log"),
      onLine: (line) => {
        if (line === '{"event":"ready"}') ready.resolve();
        else if (line.startsWith('{"chaos"')) this.#onFault(Fault.parse(JSON.parse(line)).chaos);
      },
    });
    this.#program = program;
    await Promise.race([
      ready.promise,
      program.exited.then(() => Promise.reject(new Error(`the edge did not start: see ${path.join(stateFolder, "edge.log")}`))),
    ]);
    this.#starts++;
    this.#isUp = true;
    // The next life throws other dice.
    if (this.#faults) await this.#tell({ ...this.#faults, seed: this.#faults.seed + this.#starts });
  }

  get isUp(): boolean {
    return this.#isUp;
  }

  async kill(): Promise<void> {
    this.#isUp = false;
    await this.#program?.end("SIGKILL");
  }

  async stop(): Promise<void> {
    this.#isUp = false;
    await this.#program?.end("SIGTERM");
    // Whatever of the group outlived its leader.
    await this.kill();
  }

  /** Also of its next lives. */
  async setFaults(rates: FaultRates, seed: number): Promise<void> {
    this.#faults = { rates, seed };
    if (this.#isUp) await this.#tell(this.#faults);
  }

  #tell(faults: { rates: FaultRates; seed: number }): Promise<unknown> {
    return this.#ask("faults", faults);
  }

  async crash(order: { object: "Dispatcher"; place: Shard; losesStorage: boolean } | { object: "UserHub"; userId: number }): Promise<void> {
    await this.#ask("crash", order);
  }

  /** What a shard has not done. */
  async queue({ pool, shard }: Shard): Promise<z.infer<typeof Queue>> {
    return Queue.parse(await this.#ask(`queue?pool=${encodeURIComponent(pool)}&shard=${shard}`));
  }

  /** What the sweep of files does, a day later. @returns whether the cron trigger's found what was left there for it */
  async sweepFiles(): Promise<boolean> {
    return Swept.parse(await this.#ask("sweep-files")).isOrphanGone;
  }

  async files(): Promise<z.infer<typeof Files>> {
    return Files.parse(await this.#ask("files"));
  }

  /** Past the proxy. @throws while it is down */
  async #ask(what: string, body?: unknown): Promise<unknown> {
    const url = `http://127.0.0.1:${this.#order.port}/__chaos/${what}`;
    const answer = await fetch(url, body === undefined ? {} : { method: "POST", body: JSON.stringify(body) });
    if (!answer.ok) throw new Error(`${what}: ${answer.status} ${await answer.text()}`);
    return answer.status === 204 ? null : await answer.json();
  }
}
