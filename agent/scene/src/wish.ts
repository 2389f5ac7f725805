/** Phrases -> what the prompt asks for: which things, how many, what colour, where and when. */
import type { Lexicon } from "./lexicon.ts";
import { tokenize, type Phrase } from "./tokenizer.ts";
import type { ColorName, MotionName, SizeName, StyleName, TimeName, WeatherName } from "./vocabulary.ts";

export interface WishedObject {
  code: string;
  count: number;
  color?: ColorName;
  size?: SizeName;
  motion?: MotionName;
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

interface Pending {
  count?: number;
  color?: ColorName;
  size?: SizeName;
  motion?: MotionName;
}

function isDescribing(phrase: Phrase): boolean {
  return phrase.meaning.kind !== "ignored";
}

function disambiguate(phrases: readonly Phrase[]): Phrase[] {
  return phrases.map((phrase, index): Phrase => {
    if (phrase.text !== AMBIGUOUS_COLOR_WORD) return phrase;
    const next = phrases[index + 1]?.meaning.kind;
    if (next === "object" || next === "background" || next === "size") return phrase;
    return { text: phrase.text, meaning: { kind: "object", code: ORANGE_FRUIT_CODE } };
  });
}

export function readWish(prompt: string, lexicon: Lexicon): Wish {
  const tokens = tokenize(prompt, lexicon);
  const phrases = disambiguate(tokens.phrases.filter(isDescribing));
  const wish: Wish = { objects: [], places: [], unknownWords: tokens.unknownWords };
  let pending: Pending = {};
  let sawBackground = false;

  phrases.forEach(({ meaning }, index) => {
    const nextKind = phrases[index + 1]?.meaning.kind;
    switch (meaning.kind) {
      case "color":
        if (nextKind === "background" || sawBackground) wish.background = meaning.color;
        else pending.color = meaning.color;
        break;
      case "count":
        pending.count = meaning.count;
        break;
      case "size":
        pending.size = meaning.size;
        break;
      case "motion":
        // "a dragon flying over ..." speaks of the dragon, "a flying dragon" of the next thing.
        setMotion(wish, pending, meaning.motion, nextKind === "object");
        break;
      case "object":
        addObject(wish, pending, meaning.code);
        pending = {};
        break;
      case "place":
        wish.places.push(meaning.place);
        pending = {};
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
      case "joiner":
      case "ignored":
      case "unknown":
        break;
    }
    sawBackground = meaning.kind === "background";
  });

  giveLeftOverColor(wish, pending.color);
  return wish;
}

function addObject(wish: Wish, pending: Pending, code: string): void {
  const known = wish.objects.find((object) => object.code === code && object.color === pending.color);
  if (known) return;
  wish.objects.push({ ...pending, code, count: pending.count ?? 1 });
}

function setMotion(wish: Wish, pending: Pending, motion: MotionName, describesNext: boolean): void {
  const previous = wish.objects.at(-1);
  if (previous && !describesNext) previous.motion = motion;
  else pending.motion = motion;
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
