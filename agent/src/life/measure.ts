import { statfs } from "node:fs/promises";
import { totalmem } from "node:os";
import type { RestRules } from "../config/agent-config.ts";
import type { Engine } from "../engines/engine.ts";
import { findGpus, type Gpu, type GpuTool } from "../machine/gpus.ts";
import { inputIdleMs } from "../machine/input-idle.ts";
import { type RunTool, runTool } from "../machine/tool.ts";
import type { Spool } from "../spool.ts";
import type { Vitals } from "./rest.ts";

/** A GPU this busy while no task of ours runs works for somebody else. */
const BUSY_PERCENT = 15;
/** The tools tell the last second's use: what a task of ours has just ended is not somebody else's work. */
const SETTLED_MS = 2_000;
/** The keyboard counts as used when it was, since about the last look. */
const JUST_TYPED_MS = 30_000;
/** The tools start a process each: a box that is not watched for its user is asked for heat only now and then. */
const GPU_EVERY_MS = 60_000;

export interface Look {
  vitals: Vitals;
  gpus: readonly Gpu[];
}

/** Looks at the box. The tool that knows its GPUs is found once. */
export class Machine {
  readonly #folder: string;
  readonly #spool: Pick<Spool, "canKeep">;
  readonly #rules: RestRules;
  readonly #engines: () => readonly Engine[];
  readonly #run: RunTool;
  #tool: GpuTool | null = null;
  #gpus: readonly Gpu[] = [];
  #gpusAtMs = -Infinity;
  #isDiskSuspect = false;

  /** @param folder the state folder, whose disk is looked at. */
  constructor(folder: string, spool: Pick<Spool, "canKeep">, rules: RestRules, engines: () => readonly Engine[], run = runTool) {
    this.#folder = folder;
    this.#spool = spool;
    this.#rules = rules;
    this.#engines = engines;
    this.#run = run;
  }

  /** Finds the GPUs; to be called once, before the first look. */
  async findGpus(): Promise<readonly Gpu[]> {
    const found = await findGpus(this.#run, process.platform, totalmem());
    this.#tool = found?.tool ?? null;
    this.#gpus = found?.gpus ?? [];
    this.#gpusAtMs = performance.now();
    return this.#gpus;
  }

  /** An attempt failed in a way that its engine does not explain: from now on a look tries to keep a file, until that works. */
  suspectDisk(): void {
    this.#isDiskSuspect = true;
  }

  /** @param isWorking a task of ours runs, so that a busy GPU means nothing. */
  async look(isWorking: boolean): Promise<Look> {
    const [disk, isDiskRefusing, gpus, engineTrouble, idleMs] = await Promise.all([
      statfs(this.#folder).catch(() => null),
      this.#isDiskSuspect ? this.#isRefusing() : false,
      this.#lookAtSettledGpus(isWorking),
      troubleOf(this.#engines()),
      this.#rules.isIdleOnly ? inputIdleMs(this.#run, process.platform) : null,
    ]);
    const heat = gpus.flatMap(({ temperatureCelsius }) => (temperatureCelsius === null ? [] : [temperatureCelsius]));
    const isGpuBusy = !isWorking && isAnyBusy(gpus);
    const vitals: Vitals = {
      freeDiskBytes: disk ? disk.bavail * disk.bsize : null,
      isDiskRefusing,
      freeMemoryBytes: process.availableMemory(),
      temperatureCelsius: heat.length > 0 ? Math.max(...heat) : null,
      usedByOthers: isGpuBusy ? "GPU" : idleMs !== null && idleMs < JUST_TYPED_MS ? "keyboard" : null,
      engineTrouble,
    };
    return { vitals, gpus };
  }

  async #isRefusing(): Promise<boolean> {
    // Another attempt may fail during the trial, and then asks for one of its own.
    this.#isDiskSuspect = false;
    const canKeep = await this.#spool.canKeep();
    if (!canKeep) this.#isDiskSuspect = true;
    return !canKeep;
  }

  async #lookAtSettledGpus(isWorking: boolean): Promise<readonly Gpu[]> {
    const gpus = await this.#lookAtGpus();
    if (isWorking || !this.#rules.isIdleOnly || !isAnyBusy(gpus)) return gpus;
    await new Promise((resolve) => setTimeout(resolve, SETTLED_MS));
    return this.#lookAtGpus();
  }

  async #lookAtGpus(): Promise<readonly Gpu[]> {
    const isFresh = performance.now() - this.#gpusAtMs < GPU_EVERY_MS;
    if (!this.#tool || (isFresh && !this.#rules.isIdleOnly)) return this.#gpus;
    const output = await this.#run(this.#tool.name, this.#tool.args);
    if (output !== null) this.#gpus = this.#tool.parse(output);
    this.#gpusAtMs = performance.now();
    return this.#gpus;
  }
}

const isAnyBusy = (gpus: readonly Gpu[]): boolean => gpus.some(({ usedPercent }) => (usedPercent ?? 0) > BUSY_PERCENT);

/** Null while one engine can run something: the others' models are simply not offered. */
async function troubleOf(engines: readonly Engine[]): Promise<string | null> {
  const states = await Promise.all(engines.map(async (engine) => ({ name: engine.name, health: await engine.health() })));
  const [first, ...rest] = states.flatMap(({ name, health }) => (health.isReady ? [] : [`${name}: ${health.reason}`]));
  return first === undefined || rest.length + 1 < states.length ? null : first.slice(0, 200);
}
