import { AhoCorasick } from "@monyone/aho-corasick";
import { looksLatin, readAsLatin } from "./look-alikes.ts";
import { normalise } from "./normalise.ts";
import { isOneWord, isWhole, spell, type Spelling } from "./spelling.ts";

type Find = (text: string) => string | null;

/**
 * Finds the first blocked word of a text, or null. Words are found whole, `ass` is not in `class`; in disguise, `b·omb`, `b o m b`
 * and `bоmb` with a Cyrillic о are `bomb`; but not across what parts words, `pen is` is none.
 */
export function createWordMatcher(words: readonly string[]): Find {
  const listed = words.map((original) => ({ original, normal: normalise(original).trim() })).filter(({ normal }) => normal !== "");
  // What begins or ends in a sign, such as `c++`, would be another word without it.
  const spelt = listed.filter(({ normal }) => /^[\p{L}\p{N}\p{M}](.*[\p{L}\p{N}\p{M}])?$/su.test(normal));
  const signs = listed.filter((word) => !spelt.includes(word));
  // A listed word of another script is not looked for in Latin: сор is no reason to refuse `cop`.
  const [foreign, plain] = [spelt.filter(({ original }) => looksLatin(original)), spelt.filter(({ original }) => !looksLatin(original))];
  const findPlain = findSpelt(plain);
  const findForeign = findSpelt(foreign);
  return (text) => {
    const normal = normalise(text);
    return (
      findPlain(normalise(text, readAsLatin)) ?? findForeign(normal) ?? signs.find((word) => normal.includes(word.normal))?.original ?? null
    );
  };
}

function findSpelt(words: readonly { original: string; normal: string }[]): Find {
  if (words.length === 0) return () => null;
  const byLetters = new Map<string, { original: string; spelling: Spelling }>();
  for (const { original, normal } of words) {
    const spelling = spell(normal);
    byLetters.set(spelling.letters, { original, spelling });
  }
  const automaton = new AhoCorasick([...byLetters.keys()]);
  return (normal) => {
    const text = spell(normal);
    for (const { begin, end, keyword } of automaton.matchInText(text.letters)) {
      const word = byLetters.get(keyword);
      if (word && isWhole(text, begin, end) && isOneWord(text, begin, end, word.spelling)) return word.original;
    }
    return null;
  };
}
