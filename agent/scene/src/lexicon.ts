/** Phrase -> meaning, for Chinese and English at once. Built once from the packed vocabulary and the hand tables. */
import type { Concept } from "./assets.ts";
import objectWords from "./data/object-words.json" with { type: "json" };
import words from "./data/words.json" with { type: "json" };
import { PLACES } from "./places.ts";
import type { ActionName, ColorName, LookName, Meaning, RelationName, SizeName, StyleName, TimeName, WeatherName } from "./vocabulary.ts";

/** Higher wins when two sources claim one phrase. */
const PRIORITY = {
  tag: 10,
  faceLabel: 20,
  measuredCount: 30,
  label: 50,
  place: 55,
  attribute: 60,
  objectWord: 70,
  ignored: 80,
  structure: 90,
} as const;

/** A tag that so many drawings share ("animal", "food") names none of them. */
const MOST_CONCEPTS_PER_TAG = 3;
const SHORTEST_ENGLISH_TAG = 3;
/** A single character (上, 有) is too often part of some other word to stand for a drawing by its tag. */
const SHORTEST_CHINESE_TAG = 2;
const NUMERAL = /^[一二三四五六七八九十两几数多\d]+$/;

interface LexiconEntry {
  meaning: Meaning;
  priority: number;
}
export type Lexicon = ReadonlyMap<string, LexiconEntry>;

/** Longest phrase, in UTF-16 units, that the tokenizer has to try. */
export const LONGEST_PHRASE = 30;

export function normalise(text: string): string {
  return text
    .normalize("NFKC")
    .toLowerCase()
    .replaceAll(/[’'“”"`]/g, "")
    .replaceAll(/\s+/g, " ")
    .trim();
}

const ALIASES = new Map<string, string>(Object.entries(words.aliases));
const ALIAS_PATTERN = new RegExp([...ALIASES.keys()].toSorted((a, b) => b.length - a.length).join("|"), "g");

/** Says in several known phrases what one name means: a cherry tree is a pink tree. */
export function withoutAliases(text: string): string {
  return text.replaceAll(ALIAS_PATTERN, (alias) => ALIASES.get(alias) ?? alias);
}

function entriesOf<Name extends string>(table: Record<Name, string[]>): [Name, string[]][] {
  return Object.entries(table) as [Name, string[]][];
}

export function buildLexicon(concepts: readonly Concept[]): Lexicon {
  const lexicon = new Map<string, LexiconEntry>();
  const put = (phrase: string, meaning: Meaning, priority: number): void => {
    const key = normalise(phrase);
    const known = lexicon.get(key);
    if (key !== "" && (!known || priority > known.priority)) lexicon.set(key, { meaning, priority });
  };
  const putAll = (phrases: readonly string[], meaning: Meaning, priority: number): void => {
    for (const phrase of phrases) put(phrase, meaning, priority);
  };

  addConcepts(concepts, put);
  const codes = new Set(concepts.map((concept) => concept.code));
  for (const [code, phrases] of entriesOf<string>(objectWords)) {
    if (codes.has(code)) putAll(phrases, { kind: "object", code }, PRIORITY.objectWord);
  }
  for (const place of PLACES.values()) {
    putAll(place.words, { kind: "place", place: place.id }, PRIORITY.place);
  }
  for (const [color, phrases] of entriesOf<ColorName>(words.colors)) {
    putAll(phrases, { kind: "color", color }, PRIORITY.attribute);
  }
  for (const [size, phrases] of entriesOf<SizeName>(words.sizes)) {
    putAll(phrases, { kind: "size", size }, PRIORITY.attribute);
  }
  for (const [time, phrases] of entriesOf<TimeName>(words.times)) {
    putAll(phrases, { kind: "time", time }, PRIORITY.attribute);
  }
  for (const [weather, phrases] of entriesOf<WeatherName>(words.weathers)) {
    putAll(phrases, { kind: "weather", weather }, PRIORITY.attribute);
  }
  for (const [style, phrases] of entriesOf<StyleName>(words.styles)) {
    putAll(phrases, { kind: "style", style }, PRIORITY.attribute);
  }
  for (const [action, phrases] of entriesOf<ActionName>(words.actions)) {
    putAll(phrases, { kind: "action", action }, PRIORITY.attribute);
  }
  for (const [look, phrases] of entriesOf<LookName>(words.looks)) {
    putAll(phrases, { kind: "look", look }, PRIORITY.attribute);
  }
  for (const [relation, phrases] of entriesOf<RelationName>(words.relations)) {
    putAll(phrases, { kind: "relation", relation }, PRIORITY.structure);
  }
  for (const [relation, phrases] of entriesOf<Exclude<RelationName, "holding" | "wearing">>(words.relationsAfter)) {
    putAll(phrases, { kind: "relationAfter", relation }, PRIORITY.structure);
  }
  putAll(words.placing, { kind: "placing" }, PRIORITY.structure);
  addCounts(put);
  putAll(words.ignored, { kind: "ignored" }, PRIORITY.ignored);
  putAll(words.unknown, { kind: "unknown" }, PRIORITY.ignored);
  putAll(words.background, { kind: "background" }, PRIORITY.structure);
  putAll(words.joiners, { kind: "joiner" }, PRIORITY.structure);
  return lexicon;
}

type Put = (phrase: string, meaning: Meaning, priority: number) => void;

function addConcepts(concepts: readonly Concept[], put: Put): void {
  const conceptsPerTag = new Map<string, number>();
  for (const concept of concepts) {
    for (const tag of [...concept.enTags, ...concept.zhTags]) {
      conceptsPerTag.set(normalise(tag), (conceptsPerTag.get(normalise(tag)) ?? 0) + 1);
    }
  }
  const notDrawings = new Set(words.notDrawings);
  const isTelling = (tag: string, shortest: number): boolean =>
    tag.length >= shortest && !notDrawings.has(normalise(tag)) && (conceptsPerTag.get(normalise(tag)) ?? 0) <= MOST_CONCEPTS_PER_TAG;

  for (const concept of concepts) {
    const meaning: Meaning = { kind: "object", code: concept.code };
    put(concept.en, meaning, PRIORITY.label);
    put(concept.zh, meaning, PRIORITY.label);
    if (concept.en.endsWith(" face")) {
      put(concept.en.slice(0, -" face".length), meaning, PRIORITY.faceLabel);
    }
    const tags = [
      ...concept.enTags.filter((tag) => isTelling(tag, SHORTEST_ENGLISH_TAG)),
      ...concept.zhTags.filter((tag) => isTelling(tag, SHORTEST_CHINESE_TAG)),
    ];
    for (const tag of tags) put(tag, meaning, PRIORITY.tag / (conceptsPerTag.get(normalise(tag)) ?? 1));
  }
}

/** Numbers alone, and Chinese numerals with every measure word: 三只, 两朵, 3个. */
function addCounts(put: Put): void {
  for (const [count, phrases] of entriesOf<string>(words.numbers)) {
    const meaning: Meaning = { kind: "count", count: Number(count) };
    for (const phrase of phrases) {
      put(phrase, meaning, PRIORITY.attribute);
      if (!NUMERAL.test(phrase)) continue;
      for (const measure of words.measureWords) put(phrase + measure, meaning, PRIORITY.measuredCount);
    }
  }
}
