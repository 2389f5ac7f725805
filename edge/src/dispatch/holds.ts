import { lineKey } from "./requirement.ts";
import type { Requirement } from "./types.ts";

/**
 * Lines that are kept waiting for an agent that has their model loaded, and until when at most. In memory: after a restart
 * a line waits a little longer, or not at all.
 */
export class Holds {
  /** By line; 0 when the time is over. */
  readonly #until = new Map<string, { line: Requirement; until: number }>();
  #ended: Requirement[] = [];

  /** Begins, unless the line is held already. */
  begin(line: Requirement, until: number): void {
    const key = lineKey(line);
    if (!this.#until.has(key)) this.#until.set(key, { line, until });
  }

  /** A task of the line got an agent: the next one's patience is its own. */
  end(line: Requirement): void {
    if (this.#until.delete(lineKey(line))) this.#ended.push(line);
  }

  /** Lines whose hold has ended that way, told once: what else waits in them is held anew, or somebody's. */
  takeEnded(): Requirement[] {
    const ended = this.#ended;
    this.#ended = [];
    return ended;
  }

  isOn = (line: Requirement): boolean => (this.#until.get(lineKey(line))?.until ?? 0) > 0;

  /** Whether the line has waited for long enough, and takes whoever comes. */
  isOver = (line: Requirement, now: number): boolean => (this.#until.get(lineKey(line))?.until ?? Infinity) <= now;

  /** Lines whose time is over now, told once. */
  over(now: number): Requirement[] {
    const over = [...this.#until.values()].filter(({ until }) => until !== 0 && until <= now);
    for (const hold of over) hold.until = 0;
    return over.map(({ line }) => line);
  }

  earliest(): number {
    let earliest = Infinity;
    for (const { until } of this.#until.values()) if (until !== 0) earliest = Math.min(earliest, until);
    return earliest;
  }
}
