import { createWordMatcher } from "./word-matcher.ts";

/** As long as this an isolate works with the list it read: a new word may take as long to be found everywhere. */
const FRESH_MS = 10_000;

type Matcher = ReturnType<typeof createWordMatcher>;

/** The automaton of the word list, kept between requests: building it costs more than using it. */
export class WordCache {
  #kept: { matcher: Promise<Matcher>; readAt: number } | null = null;

  matcher(listWords: () => Promise<string[]>, now: number): Promise<Matcher> {
    if (this.#kept && now - this.#kept.readAt < FRESH_MS) return this.#kept.matcher;
    const kept = { matcher: listWords().then(createWordMatcher), readAt: now };
    this.#kept = kept;
    // A list that could not be read is read again by the next request.
    kept.matcher.catch(() => this.forget(kept));
    return kept.matcher;
  }

  /** Of this isolate; the others read the list again when theirs is no longer fresh. */
  forget(kept = this.#kept): void {
    if (this.#kept === kept) this.#kept = null;
  }
}
