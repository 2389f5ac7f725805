import { isUnspaced } from "./look-alikes.ts";

/** What may stand between two letters without parting them, and how much it takes. */
const Gap = {
  NONE: 0,
  /** `b-o-m-b`, `b·omb`: parts nothing. */
  WEAK: 1,
  /** Spaces and what stands in lists: parts words, and not what is spaced out letter by letter. */
  SPACE: 2,
  /** An apostrophe is part of a word's spelling: `he'll` is another one than `hell`. */
  APOSTROPHE: 4,
  /** What ends a clause, or begins one. */
  CLAUSE: 8,
} as const;

const LETTER = /[\p{L}\p{N}\p{M}]/u;
const SPACE = /[\s/|&]/u;
const APOSTROPHE = /['’‘`´]/u;
const CLAUSE = /[,;:!?。、…"“”()[\]{}<>《》「」『』【】\n]/u;

/** The letters of a text without what stands between them, and what that is. */
export interface Spelling {
  letters: string;
  /** What stands before each letter, by its index in `letters`, and at the end; bits of `Gap`. A text's ends are gaps. */
  gaps: Uint8Array;
}

/** @param text normalised */
export function spell(text: string): Spelling {
  const gaps = new Uint8Array(text.length + 1);
  let letters = "";
  let gap: number = Gap.SPACE;
  for (const character of text) {
    if (LETTER.test(character)) {
      gaps[letters.length] = gap;
      letters += character;
      gap = Gap.NONE;
    } else {
      gap |= gapOf(character);
    }
  }
  gaps[letters.length] = gap | Gap.SPACE;
  return { letters, gaps };
}

function gapOf(character: string): number {
  if (APOSTROPHE.test(character)) return Gap.APOSTROPHE;
  if (CLAUSE.test(character)) return Gap.CLAUSE;
  return SPACE.test(character) ? Gap.SPACE : Gap.WEAK;
}

/** Neither end of it goes on as the same word. */
export function isWhole({ letters, gaps }: Spelling, begin: number, end: number): boolean {
  const goesOn = (at: number) => gaps[at] === Gap.NONE && !isUnspaced(before(letters, at)) && !isUnspaced(after(letters, at));
  return !goesOn(begin) && !goesOn(end);
}

/**
 * Whether what stands between its letters leaves it one word.
 * @param word how the word itself is spelt: what parts it there may part it here
 */
export function isOneWord({ letters, gaps }: Spelling, begin: number, end: number, word: Spelling): boolean {
  const inner = Array.from({ length: end - begin - 1 }, (_, i) => i + 1)
    // Not in the middle of a letter outside the basic plane.
    .filter((at) => !/[\udc00-\udfff]/.test(letters.charAt(begin + at)))
    .map((at) => ({ gap: gaps[begin + at] ?? 0, own: word.gaps[at] ?? 0, at: begin + at }));
  const isSpacedOut = inner.every(({ gap }) => gap !== Gap.NONE);
  // Of two characters that the space parts, one at least stands alone: 黄色 情人节 does not hold 色情.
  const standsOut = inner.length >= 2 || gaps[begin] !== Gap.NONE || gaps[end] !== Gap.NONE;
  return inner.every(({ gap, own, at }) => {
    if (gap === Gap.NONE || own !== Gap.NONE) return true;
    if (isUnspaced(before(letters, at)) && isUnspaced(after(letters, at))) return gap < Gap.APOSTROPHE && standsOut;
    if (gap & Gap.APOSTROPHE) return false;
    return gap === Gap.WEAK || isSpacedOut;
  });
}

const after = (text: string, at: number): string => String.fromCodePoint(text.codePointAt(at) ?? 0);
const before = (text: string, at: number): string => Array.from(text.slice(Math.max(0, at - 2), at)).at(-1) ?? "";
