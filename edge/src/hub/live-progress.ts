import type { ProgressMessage } from "@star-graph/shared/push";
import { PHASES } from "@star-graph/shared/task";

/** More than a user can have running; tasks whose end was never told must not pile up. */
const MAX_TASKS = 200;

export interface NumberedProgress {
  readonly eventId: number;
  readonly message: ProgressMessage;
}

/** The newest progress of each of a user's live tasks. */
export class LiveProgress {
  readonly #newest = new Map<string, NumberedProgress>();

  /** @returns null for a message that a newer one has overtaken, or that says nothing new. */
  accept(message: ProgressMessage, nextId: () => number): NumberedProgress | null {
    const known = this.#newest.get(message.taskId)?.message;
    if (known && (isBehind(message, known) || saysTheSame(message, known))) return null;
    const numbered = { eventId: nextId(), message };
    this.#newest.delete(message.taskId);
    this.#newest.set(message.taskId, numbered);
    const [stalest] = this.#newest.keys();
    if (stalest !== undefined && this.#newest.size > MAX_TASKS) this.#newest.delete(stalest);
    return numbered;
  }

  forget(taskId: string): void {
    this.#newest.delete(taskId);
  }

  of(taskId: string): NumberedProgress | null {
    return this.#newest.get(taskId) ?? null;
  }

  tasks(): string[] {
    return [...this.#newest.keys()];
  }
}

/** That time has passed is nothing new: the same step is not told again for another estimate. */
function saysTheSame(message: ProgressMessage, known: ProgressMessage): boolean {
  const { estimatedTime } = message;
  return JSON.stringify(message) === JSON.stringify(estimatedTime === undefined ? known : { ...known, estimatedTime });
}

/** Attempts, phases and steps only go forward; the same place again may carry a new text. */
function isBehind(message: ProgressMessage, known: ProgressMessage): boolean {
  if (message.attempt !== known.attempt) return message.attempt < known.attempt;
  const [phase, knownPhase] = [PHASES.indexOf(message.phase), PHASES.indexOf(known.phase)];
  return phase === knownPhase ? message.currentStep < known.currentStep : phase < knownPhase;
}
