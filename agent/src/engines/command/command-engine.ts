import { access, constants } from "node:fs/promises";
import type { EngineTask } from "@star-graph/shared/rest/generate";
import type { Log } from "../../log.ts";
import { messageOf } from "../../outside.ts";
import { Changes } from "../changes.ts";
import type { Engine, EngineHealth, EngineModel, EngineProgress, EngineResult, RunOptions } from "../engine.ts";
import { type Heard, resultOf } from "./ending.ts";
import { orderText, parseLine, type ProgramMessage } from "./messages.ts";
import { runProgram } from "./program.ts";
import { filesOf, readPlain } from "./results.ts";
import type { CommandSettings } from "./settings.ts";

export interface CommandTimings {
  /** Asked to end, the program has this long before it is killed. */
  killMs: number;
  /** After its result it has this long to end by itself. */
  endMs: number;
}

export interface CommandDeps {
  log: Log;
  timings: CommandTimings;
}

const MAX_PREVIEW_BYTES = 8 * 1024 * 1024;
/** Of one task: a program that talks without end must not fill the owner's disk with logs. */
const MAX_LOGGED_LINES = 200;

/** A program of the owner's: one process for each task, told on its standard input, heard on its standard output. */
export class CommandEngine implements Engine {
  readonly name = "command";
  readonly #settings: CommandSettings;
  readonly #deps: CommandDeps;
  readonly #models: readonly EngineModel[];
  readonly #changes = new Changes();
  readonly #over = new AbortController();
  readonly #runs = new Set<Promise<unknown>>();

  constructor(settings: CommandSettings, deps: CommandDeps) {
    this.#settings = settings;
    this.#deps = deps;
    this.#models = settings.models.map(({ servedAs, maxPixels, maxFrames, features, ...model }) => ({
      ...model,
      ...(servedAs !== undefined && { servedAs }),
      ...(maxPixels !== undefined && { maxPixels }),
      ...(maxFrames !== undefined && { maxFrames }),
      ...(features && { features }),
    }));
  }

  models(): readonly EngineModel[] {
    return this.#models;
  }

  /** Each task loads its own. */
  residentModels(): readonly string[] {
    return [];
  }

  onChange(listener: () => void): void {
    this.#changes.listen(listener);
  }

  async look(): Promise<void> {
    // What its owner wrote down is all there is.
  }

  async health(): Promise<EngineHealth> {
    const [file = ""] = this.#settings.command;
    // A bare name is looked for by the system when it is started.
    if (!/[\\/]/.test(file)) return { isReady: true };
    try {
      await access(file, constants.X_OK);
      return { isReady: true };
    } catch (error) {
      return { isReady: false, reason: `the program cannot be run: ${messageOf(error)}` };
    }
  }

  async freeMemory(): Promise<void> {
    // Nothing is left of a program that has ended.
  }

  async run(task: EngineTask, options: RunOptions): Promise<EngineResult> {
    const run = this.#run(task, options);
    this.#runs.add(run);
    try {
      return await run;
    } finally {
      this.#runs.delete(run);
    }
  }

  async close(): Promise<void> {
    this.#changes.close();
    this.#over.abort();
    await Promise.allSettled(this.#runs);
  }

  async #run(task: EngineTask, { model, signal, outputFolder, inputs, onProgress }: RunOptions): Promise<EngineResult> {
    const { command, folder, timeLimitSeconds, maxFileMegabytes } = this.#settings;
    const { killMs, endMs } = this.#deps.timings;
    const heard: Omit<Heard, "wasEnded"> = { last: null, wrongEnd: null, isOutOfTime: false };
    const enough = new AbortController();
    const timers = [setTimeout(() => ((heard.isOutOfTime = true), enough.abort()), timeLimitSeconds * 1000)];
    const log = this.#lineLog();
    let newest: EngineProgress = { phase: "loading", step: 0, totalSteps: 1 };
    onProgress(newest);
    const onMessage = (message: ProgramMessage): void => {
      switch (message.type) {
        case "progress":
          newest = { phase: message.phase, step: Math.min(message.step, message.totalSteps), totalSteps: message.totalSteps };
          onProgress(newest);
          break;
        case "preview":
          onProgress({ ...newest, preview: () => readPlain(message.file, { folder: outputFolder, maxBytes: MAX_PREVIEW_BYTES }) });
          break;
        case "result":
        case "failure":
          heard.last ??= message;
          timers.push(setTimeout(() => enough.abort(), endMs));
      }
    };
    const end = await runProgram({
      command,
      folder: folder ?? outputFolder,
      input: orderText(task, outputFolder, inputs.image?.path ?? null),
      onLine: (line) => {
        const said = line === null ? ({ kind: "wrong", reason: "longer than 64 KB", isEnd: false } as const) : parseLine(line);
        if (said?.kind === "message") onMessage(said.message);
        if (said?.kind !== "wrong") return;
        log.wrong(line ?? "", said.reason);
        if (said.isEnd) heard.wrongEnd ??= said.reason;
      },
      onErrorLine: (line) => log.said(line ?? "(a line longer than 64 KB)"),
      signal: AbortSignal.any([signal, enough.signal, this.#over.signal]),
      killMs,
    });
    for (const timer of timers) clearTimeout(timer);
    signal.throwIfAborted();
    const result = resultOf({ ...heard, wasEnded: enough.signal.aborted }, end);
    onProgress({ phase: "encoding", step: 0, totalSteps: 1 });
    const files = await filesOf(result, task, { folder: outputFolder, maxBytes: maxFileMegabytes * 1024 * 1024 });
    const servedAs = this.#models.find(({ name }) => name === model)?.servedAs ?? model;
    return { files, servedBy: { engine: this.name, model: result.model ?? servedAs }, notes: result.notes };
  }

  #lineLog() {
    const { log } = this.#deps;
    let count = 0;
    const isRoom = () => {
      count++;
      if (count === MAX_LOGGED_LINES) log.warn("engine-says", "The program says more; no more of it is written here");
      return count < MAX_LOGGED_LINES;
    };
    return {
      said: (line: string) => void (isRoom() && log.info("engine-says", line.slice(0, 1000))),
      wrong: (line: string, reason: string) =>
        void (isRoom() && log.warn("engine-line", `A line of the program was not understood (${reason}): ${line.slice(0, 200)}`)),
    };
  }
}
