import { AhoCorasick } from "@monyone/aho-corasick";
import { normalise } from "./normalise.ts";

/** Scripts that write no spaces between words: a word of theirs is found inside any other. */
const UNSPACED = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u;
const WORD_CHARACTER = /[\p{L}\p{N}\p{M}]/u;

const isSpacedLetter = (character: string | undefined): boolean =>
  character !== undefined && WORD_CHARACTER.test(character) && !UNSPACED.test(character);

/** Finds the first blocked word of a text, or null. Words are found whole: `ass` is not in `class`. */
export function createWordMatcher(words: readonly string[]): (text: string) => string | null {
  const originals = new Map(words.map((word) => [normalise(word).trim(), word]));
  originals.delete("");
  if (originals.size === 0) return () => null;
  const automaton = new AhoCorasick([...originals.keys()]);
  return (text) => {
    const normal = normalise(text);
    const found = automaton.matchInText(normal).find(({ begin, end }) => isWhole(normal, begin, end));
    return found ? (originals.get(found.keyword) ?? found.keyword) : null;
  };
}

/** Neither end of the match goes on as the same word. */
function isWhole(text: string, begin: number, end: number): boolean {
  const goesOnBefore = isSpacedLetter(last(text.slice(0, begin))) && isSpacedLetter(first(text.slice(begin)));
  const goesOnAfter = isSpacedLetter(last(text.slice(0, end))) && isSpacedLetter(first(text.slice(end)));
  return !goesOnBefore && !goesOnAfter;
}

const first = (text: string): string | undefined => text.slice(0, 2)[Symbol.iterator]().next().value;
const last = (text: string): string | undefined => Array.from(text.slice(-2)).at(-1);
