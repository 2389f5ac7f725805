import unhomoglyph from "unhomoglyph";

/** Scripts that write no spaces between words: a word of theirs is found inside any other, and none looks like Latin. */
const UNSPACED = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u;

export const isUnspaced = (character: string): boolean => UNSPACED.test(character);

const ASCII_LETTER = /^[A-Za-z]$/;
const LETTERS = /\p{L}+/gu;
const known = new Map<string, string | null>();

/**
 * Reads words that look like Latin as Latin: `bоmb` with a Cyrillic о, and `СОР` all in Cyrillic. A word with a letter that looks
 * like none stays as it is: it belongs to its own language.
 */
export function readAsLatin(text: string): string {
  return text.replace(LETTERS, (word) => {
    const letters = Array.from(word, (letter) => (ASCII_LETTER.test(letter) ? letter : lookAlike(letter)));
    return letters.includes(null) ? word : letters.join("");
  });
}

/** Whether a word would be read as another, and so has to be looked for as it is written. */
export const looksLatin = (text: string): boolean => readAsLatin(text) !== text;

/** The Latin letter that another one looks like, by Unicode's table of confusables; null when it looks like none. */
function lookAlike(letter: string): string | null {
  const before = known.get(letter);
  if (before !== undefined) return before;
  const found = isUnspaced(letter) ? null : latinOf(letter);
  known.set(letter, found);
  return found;
}

function latinOf(letter: string): string | null {
  const looks = unhomoglyph(letter);
  if (!ASCII_LETTER.test(looks)) return null;
  // The table has one sign for I and l; a capital whose small letter looks like i is an I.
  return looks === "l" && unhomoglyph(letter.toLowerCase()) === "i" ? "I" : looks;
}
