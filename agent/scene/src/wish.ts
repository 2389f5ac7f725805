/** Phrases -> what the prompt asks for: which things, how many, what colour, how they stand to each other, where and when. */
import type { Lexicon } from "./lexicon.ts";
import { createRelationReader } from "./relation-reader.ts";
import { tokenize, type Phrase } from "./tokenizer.ts";
import type { ActionName, ColorName, LookName, RelationName, SizeName, StyleName, TimeName, WeatherName } from "./vocabulary.ts";

export interface WishedObject {
  /** Stays the same when other things are taken out of the wish. */
  id: number;
  code: string;
  count: number;
  color?: ColorName;
  size?: SizeName;
  action?: ActionName;
  look?: LookName;
  /** "on the box": `to` is the id of the box. */
  relation?: { name: RelationName; to: number };
}

export interface Wish {
  objects: WishedObject[];
  /** In order of appearance; the last one decides ("in the park by the sea" is at the sea). */
  places: string[];
  time?: TimeName;
  weather?: WeatherName;
  background?: ColorName;
  style?: StyleName;
  unknownWords: string[];
}

/** "orange" is a colour before a thing ("an orange cat") and a fruit otherwise. */
const AMBIGUOUS_COLOR_WORD = "orange";
const ORANGE_FRUIT_CODE = "1f34a";

/** "dogs" without a number. */
const PLURAL_COUNT = 2;

type Pending = Pick<WishedObject, "color" | "size" | "action" | "look"> & { count?: number };

function isDescribing(phrase: Phrase): boolean {
  return phrase.meaning.kind !== "ignored";
}

function disambiguate(phrases: readonly Phrase[]): Phrase[] {
  return phrases.map((phrase, index): Phrase => {
    if (phrase.text !== AMBIGUOUS_COLOR_WORD) return phrase;
    const next = phrases[index + 1]?.meaning.kind;
    if (next === "object" || next === "background" || next === "size" || next === "look") return phrase;
    return { text: phrase.text, meaning: { kind: "object", code: ORANGE_FRUIT_CODE } };
  });
}

export function readWish(prompt: string, lexicon: Lexicon): Wish {
  const tokens = tokenize(prompt, lexicon);
  const phrases = disambiguate(tokens.phrases.filter(isDescribing));
  const wish: Wish = { objects: [], places: [], unknownWords: tokens.unknownWords };
  const relations = createRelationReader(wish.objects);
  let pending: Pending = {};

  phrases.forEach(({ meaning, text, isPlural }, index) => {
    const previousKind = phrases[index - 1]?.meaning.kind;
    const nextKind = phrases[index + 1]?.meaning.kind;
    switch (meaning.kind) {
      case "color":
        if (nextKind === "background" || previousKind === "background") wish.background = meaning.color;
        else pending.color = meaning.color;
        break;
      case "count":
        pending.count = meaning.count;
        break;
      case "size":
        pending.size = meaning.size;
        break;
      case "action":
        // "a dragon flying over ..." speaks of the dragon, "a flying dragon" of the next thing.
        (previousKind === "object" || nextKind !== "object" ? (wish.objects.at(-1) ?? pending) : pending).action = meaning.action;
        break;
      case "look":
        (previousKind === "object" && nextKind !== "object" ? (wish.objects.at(-1) ?? pending) : pending).look = meaning.look;
        break;
      case "object":
        relations.onObject(addObject(wish, isPlural ? { count: PLURAL_COUNT, ...pending } : pending, meaning.code));
        pending = {};
        break;
      case "place":
        wish.places.push(meaning.place);
        relations.onPlace();
        pending = {};
        break;
      case "relation":
        relations.onRelation(meaning.relation, text);
        break;
      case "relationAfter":
        relations.onRelationAfter(meaning.relation, previousKind);
        break;
      case "placing":
        relations.onPlacing();
        break;
      case "joiner":
        relations.onJoiner();
        break;
      case "time":
        // A neon city is seen at night anyway.
        if (!(wish.time === "neon" && meaning.time === "night")) wish.time = meaning.time;
        break;
      case "weather":
        wish.weather = meaning.weather;
        break;
      case "style":
        wish.style = meaning.style;
        break;
      case "background":
      case "ignored":
      case "unknown":
        break;
    }
  });

  giveLeftOverColor(wish, pending.color);
  for (const word of relations.unresolvedWords()) if (!wish.unknownWords.includes(word)) wish.unknownWords.push(word);
  return wish;
}

function addObject(wish: Wish, pending: Pending, code: string): WishedObject {
  const known = wish.objects.find((object) => object.code === code && object.color === pending.color);
  if (known) return known;
  const added: WishedObject = { id: wish.objects.length, ...pending, code, count: pending.count ?? 1 };
  wish.objects.push(added);
  return added;
}

/** "the cat is black" names the colour last; "blue" alone can only mean the background. */
function giveLeftOverColor(wish: Wish, color: ColorName | undefined): void {
  if (!color) return;
  const last = wish.objects.at(-1);
  if (!last) wish.background ??= color;
  else last.color ??= color;
}

/** Takes out of a wish whatever a negative prompt names. */
export function without(wish: Wish, unwanted: Wish): Wish {
  const unwantedCodes = new Set(unwanted.objects.map((object) => object.code));
  const unwantedPlaces = new Set(unwanted.places);
  const kept: Wish = {
    objects: wish.objects.filter((object) => !unwantedCodes.has(object.code)),
    places: wish.places.filter((place) => !unwantedPlaces.has(place)),
    unknownWords: wish.unknownWords,
  };
  if (wish.time && wish.time !== unwanted.time) kept.time = wish.time;
  if (wish.weather && wish.weather !== unwanted.weather) kept.weather = wish.weather;
  if (wish.background && wish.background !== unwanted.background) kept.background = wish.background;
  if (wish.style && wish.style !== unwanted.style) kept.style = wish.style;
  return kept;
}
