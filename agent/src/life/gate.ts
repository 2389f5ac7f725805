import type { RestRules } from "../config/agent-config.ts";
import type { Log } from "../log.ts";
import { messageOf } from "../outside.ts";
import type { Look } from "./measure.ts";
import { AT_EASE, nowOf, observe, observeEnd, reasonToRest, type RestState, type Vitals } from "./rest.ts";

export interface GateDeps {
  rules: RestRules;
  look: (isWorking: boolean) => Promise<Look>;
  isWorking: () => boolean;
  /** Gives the engines' memory back. */
  freeMemory: () => Promise<void>;
  /** Keeps a pause over a restart. */
  keepPause: (untilMs: number | null) => Promise<void>;
  /** The reason to rest, or the free memory of the GPUs, may have become another. */
  onChange: () => void;
  log: Log;
}

const UNKNOWN: Vitals = {
  freeDiskBytes: null,
  isDiskRefusing: false,
  freeMemoryBytes: null,
  temperatureCelsius: null,
  usedByOthers: null,
  engineTrouble: null,
};

/** Between tasks: is this box fit to ask for one? It stops asking before a task would fail, and while its owner wants the box. */
export class Gate {
  readonly #deps: GateDeps;
  #state: RestState;
  #look: Look = { vitals: UNKNOWN, gpus: [] };
  #reason: string | null = null;
  #checking: Promise<void> | null = null;
  #checkingNext: Promise<void> | null = null;
  /** Given back once after work, and once in each rest, when nothing runs any more. */
  #hasFreedMemory = true;
  #workedAtMs = Infinity;
  #looksAfterTask = 0;

  constructor(deps: GateDeps, pausedUntilMs: number | null) {
    this.#deps = deps;
    this.#state = { ...AT_EASE, pausedUntilMs };
  }

  /** Null while it works. */
  get restingBecause(): string | null {
    return this.#reason;
  }

  get look(): Look {
    return this.#look;
  }

  get isPaused(): boolean {
    return this.#state.pausedUntilMs !== null;
  }

  /** Between a task and the look that follows it, nobody knows yet whether there is a reason to rest. */
  get isOpen(): boolean {
    return this.#reason === null && this.#looksAfterTask === 0;
  }

  /** How a task of ours ended: after that failure every later one in the same process fails, too. */
  noteEnd(hasLostGpu: boolean): void {
    this.#state = observeEnd(this.#state, hasLostGpu, performance.now());
  }

  /**
   * Looks at the box from now on: calls during a look share the next one, as what they want seen may have happened after it began.
   * It never rejects, as nobody waits for most looks.
   */
  check(): Promise<void> {
    if (this.#checking === null) return this.#beginCheck();
    this.#checkingNext ??= this.#checking.then(() => {
      this.#checkingNext = null;
      return this.#beginCheck();
    });
    return this.#checkingNext;
  }

  /** Looks before the next task is asked for, and remembers that engines hold memory for the one that has ended. */
  async checkAfterTask(): Promise<void> {
    this.#hasFreedMemory = false;
    this.#workedAtMs = performance.now();
    this.#looksAfterTask++;
    await this.check();
    this.#looksAfterTask--;
    this.#deps.onChange();
  }

  /** A pause that cannot be kept on disk holds all the same. */
  async pause(untilMs: number): Promise<void> {
    this.#state = { ...this.#state, pausedUntilMs: untilMs };
    await this.#keepPause();
    await this.#decide();
  }

  async resume(): Promise<void> {
    // Whoever resumes it wants it to work, though the keyboard has just been used to say so.
    this.#state = { ...this.#state, pausedUntilMs: null, lastUse: null, gpuLostAtMs: null };
    await this.#keepPause();
    await this.check();
  }

  async #keepPause(): Promise<void> {
    const { keepPause, log } = this.#deps;
    try {
      await keepPause(this.#state.pausedUntilMs);
    } catch (error) {
      log.warn("pause-not-kept", `Whether it is paused cannot be written down, so a restart will not know: ${messageOf(error)}`);
    }
  }

  #beginCheck(): Promise<void> {
    this.#checking = this.#check()
      .catch((error: unknown) => this.#deps.log.error("look-failed", `Cannot judge this machine: ${messageOf(error)}`))
      .finally(() => (this.#checking = null));
    return this.#checking;
  }

  async #check(): Promise<void> {
    const { isWorking, look, rules, log } = this.#deps;
    try {
      this.#look = await look(isWorking());
    } catch (error) {
      // A box that cannot be looked at is no worse than before.
      log.warn("look-failed", `Cannot look at this machine: ${messageOf(error)}`);
    }
    const wasPaused = this.isPaused;
    this.#state = observe(this.#state, rules, this.#look.vitals, nowOf(new Date(), performance.now()));
    if (wasPaused && !this.isPaused) await this.#keepPause();
    await this.#decide();
  }

  async #decide(): Promise<void> {
    const { rules, log, onChange, isWorking, freeMemory } = this.#deps;
    const now = nowOf(new Date(), performance.now());
    const reason = reasonToRest(rules, this.#state, this.#look.vitals, now);
    if (reason !== this.#reason) {
      this.#reason = reason;
      this.#hasFreedMemory = false;
      log.info(reason === null ? "working" : "resting", reason === null ? "Asking for work again" : `Asking for no work: ${reason}`);
    }
    onChange();
    // Its owner wants the box, so the models go too. Heat or a full disk would not be helped by that.
    const isOwnersTurn = this.isPaused || (reason !== null && this.#state.lastUse !== null && rules.isIdleOnly);
    const isForgotten = now.steadyMs - this.#workedAtMs >= rules.freeAfterMs;
    if (!(isOwnersTurn || isForgotten) || this.#hasFreedMemory || isWorking()) return;
    this.#hasFreedMemory = true;
    try {
      await freeMemory();
      log.info("memory-freed", "Gave the engines' memory back");
    } catch (error) {
      log.warn("memory-kept", `An engine keeps its memory: ${messageOf(error)}`);
    }
  }
}
