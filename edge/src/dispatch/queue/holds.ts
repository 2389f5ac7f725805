import { lineKey } from "./requirement.ts";
import type { Requirement } from "./types.ts";

/** By line: until when it is held; 0 when the time is over. */
interface Hold {
  line: Requirement;
  until: number;
}

/** Where holds outlive the object; null when one has ended. */
type KeepHold = (key: string, until: number | null) => void;

/**
 * Lines that are kept waiting for an agent that has their model loaded, and until when at most. Kept in storage as well: nobody
 * else would offer a held line, beside agents with room, once the object had forgotten it.
 */
export class Holds {
  readonly #until: Map<string, Hold>;
  readonly #keep: KeepHold;
  #ended: Requirement[] = [];

  constructor(held: Hold[] = [], keep: KeepHold = () => {}) {
    this.#until = new Map(held.map((hold) => [lineKey(hold.line), { ...hold }]));
    this.#keep = keep;
  }

  /** Begins, unless the line is held already. */
  begin(line: Requirement, until: number): void {
    const key = lineKey(line);
    if (this.#until.has(key)) return;
    this.#until.set(key, { line, until });
    this.#keep(key, until);
  }

  /** Tasks of a line have become a smaller class: they wait no longer, and no shorter, than the others. */
  split(line: Requirement, smaller: Requirement): void {
    const hold = this.#until.get(lineKey(line));
    if (hold) this.begin(smaller, hold.until);
  }

  /** A task of the line got an agent: the next one's patience is its own. */
  end(line: Requirement): void {
    const key = lineKey(line);
    if (!this.#until.delete(key)) return;
    this.#keep(key, null);
    this.#ended.push(line);
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
    for (const hold of over) {
      hold.until = 0;
      this.#keep(lineKey(hold.line), 0);
    }
    return over.map(({ line }) => line);
  }

  earliest(): number {
    let earliest = Infinity;
    for (const { until } of this.#until.values()) if (until !== 0) earliest = Math.min(earliest, until);
    return earliest;
  }
}
