import { PHASES, type TaskProgress } from "@star-graph/shared/task";

/**
 * Decides about one report of the engine: the first and last step of a phase go at once, the others at most
 * every `intervalMs`, the newest replacing one that still waits. What goes backwards is dropped.
 */
export function judgeReport(
  newest: TaskProgress | null,
  report: TaskProgress,
  msSinceSent: number,
  intervalMs: number,
): "send" | "wait" | "drop" {
  if (newest && !isAhead(report, newest)) return "drop";
  const isFirst = newest?.phase !== report.phase;
  const isLast = report.totalSteps > 0 && report.step >= report.totalSteps;
  return isFirst || isLast || msSinceSent >= intervalMs ? "send" : "wait";
}

function isAhead(report: TaskProgress, newest: TaskProgress): boolean {
  const phases = PHASES.indexOf(report.phase) - PHASES.indexOf(newest.phase);
  if (phases !== 0) return phases > 0;
  // Compared as parts of their own totals, because an engine may learn of more steps on the way.
  return report.step * Math.max(1, newest.totalSteps) > newest.step * Math.max(1, report.totalSteps);
}

/** Coalesces one attempt's reports. `close` ends its timer. */
export class ProgressReporter {
  readonly #intervalMs: number;
  readonly #send: (progress: TaskProgress) => void;
  #newest: TaskProgress | null = null;
  #sentAtMs = 0;
  #timer: NodeJS.Timeout | null = null;
  #isClosed = false;

  constructor(intervalMs: number, send: (progress: TaskProgress) => void) {
    this.#intervalMs = intervalMs;
    this.#send = send;
  }

  report({ phase, step, totalSteps }: TaskProgress): void {
    // The edge closes the socket of an agent that sends half a step.
    const report = { phase, step: Math.max(0, Math.floor(step)), totalSteps: Math.max(0, Math.floor(totalSteps)) };
    const msSinceSent = performance.now() - this.#sentAtMs;
    const verdict = judgeReport(this.#newest, report, msSinceSent, this.#intervalMs);
    if (verdict === "drop") return;
    this.#newest = report;
    if (this.#isClosed) return;
    if (verdict === "send") this.repeat();
    else this.#timer ??= setTimeout(() => this.repeat(), this.#intervalMs - msSinceSent);
  }

  /** How far the engine is: the step that it told last, 0 before the first. */
  get step(): number {
    return this.#newest?.step ?? 0;
  }

  /** What it told last; null before the first. */
  get newest(): TaskProgress | null {
    return this.#newest;
  }

  /** Says the newest now: also after a reconnect, because the edge may have missed it while the line was down. */
  repeat(): void {
    this.#stopTimer();
    if (this.#isClosed || !this.#newest) return;
    this.#sentAtMs = performance.now();
    this.#send(this.#newest);
  }

  close(): void {
    this.#isClosed = true;
    this.#stopTimer();
  }

  #stopTimer(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
  }
}
