/** Cuts a prompt into known phrases by longest match, and collects the words it does not know. */
import { LONGEST_PHRASE, normalise, withoutAliases, type Lexicon } from "./lexicon.ts";
import type { Meaning } from "./vocabulary.ts";

/** Longer prompts are cut: everything a picture can hold has been said by then. */
const LONGEST_PROMPT = 4000;
/** A form that appears as written beats a stem of higher priority by this much ("glasses" is not "glass"). */
const EXACT_FORM_BONUS = 35;
const WORD_CHARACTER = /[a-z0-9]/;
const HAN = /\p{Script=Han}/u;
const LETTER_OR_DIGIT = /[\p{L}\p{N}]/u;

export interface Phrase {
  text: string;
  meaning: Meaning;
  /** "dogs": an English plural without a number of its own. */
  isPlural?: boolean;
}
export interface Tokens {
  phrases: Phrase[];
  /** Distinct, in order of appearance. */
  unknownWords: string[];
}

function singulars(word: string): string[] {
  const forms = [word];
  if (word.endsWith("ies")) forms.push(`${word.slice(0, -3)}y`);
  if (word.endsWith("ves")) forms.push(`${word.slice(0, -3)}f`);
  if (word.endsWith("es")) forms.push(word.slice(0, -2));
  if (word.endsWith("s")) forms.push(word.slice(0, -1));
  return forms;
}

function lookUp(text: string, lexicon: Lexicon): Omit<Phrase, "text"> | undefined {
  const forms = WORD_CHARACTER.test(text) ? singulars(text) : [text];
  let best: { meaning: Meaning; isPlural: boolean; rank: number } | undefined;
  for (const form of forms) {
    const entry = lexicon.get(form);
    if (!entry) continue;
    const rank = entry.priority + (form === text ? EXACT_FORM_BONUS : 0);
    if (!best || rank > best.rank) best = { meaning: entry.meaning, isPlural: form !== text, rank };
  }
  return best && { meaning: best.meaning, isPlural: best.isPlural };
}

/** Whether cutting before `index` would split a Latin word. */
function isInsideWord(text: string, index: number): boolean {
  return WORD_CHARACTER.test(text[index - 1] ?? "") && WORD_CHARACTER.test(text[index] ?? "");
}

function longestPhraseAt(text: string, start: number, lexicon: Lexicon): Phrase | undefined {
  for (let end = Math.min(text.length, start + LONGEST_PHRASE); end > start; end -= 1) {
    if (isInsideWord(text, end)) continue;
    const candidate = text.slice(start, end);
    const found = lookUp(candidate, lexicon);
    if (found) return { text: candidate, ...found };
  }
  return undefined;
}

/** End of the unknown word that starts here: a whole Latin word, or one character. */
function endOfUnknown(text: string, start: number): number {
  let end = start + String.fromCodePoint(text.codePointAt(start) ?? 0).length;
  while (end < text.length && isInsideWord(text, end)) end += 1;
  return end;
}

export function tokenize(prompt: string, lexicon: Lexicon): Tokens {
  const text = withoutAliases(normalise(prompt.slice(0, LONGEST_PROMPT)).slice(0, LONGEST_PROMPT));
  const phrases: Phrase[] = [];
  const unknownWords = new Set<string>();
  let unknownRun = "";
  const endUnknownRun = (): void => {
    if (unknownRun !== "") unknownWords.add(unknownRun);
    unknownRun = "";
  };

  let index = 0;
  while (index < text.length) {
    const phrase = longestPhraseAt(text, index, lexicon);
    if (phrase) {
      endUnknownRun();
      if (phrase.meaning.kind === "unknown") unknownWords.add(phrase.text);
      phrases.push(phrase);
      index += phrase.text.length;
      continue;
    }
    const end = endOfUnknown(text, index);
    const word = text.slice(index, end);
    // Neighbouring unknown Han characters are one word; other scripts are cut at every break.
    if (!HAN.test(word)) endUnknownRun();
    if (LETTER_OR_DIGIT.test(word)) unknownRun += word;
    if (!HAN.test(word) && WORD_CHARACTER.test(word)) endUnknownRun();
    index = end;
  }
  endUnknownRun();
  return { phrases, unknownWords: [...unknownWords] };
}
