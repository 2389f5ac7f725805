/** What a picture of ours carries with it: the wish, the seed and the clean layout, so that it can be changed exactly. */
import type { ConceptBook } from "./concept-book.ts";
import { LATENT_SIZE } from "./layout-model.ts";
import { PLACES } from "./places.ts";
import { readPngNote, withPngNote } from "./png-note.ts";
import { ACTIONS, COLORS, LOOKS, RELATIONS, SIZES, STYLES, TIMES, WEATHERS } from "./vocabulary.ts";
import type { Wish, WishedObject } from "./wish.ts";

const VERSION = 1;
const MOST_OBJECTS = 12;
const MOST_COPIES = 10;

export interface Recipe {
  seed: number;
  wish: Wish;
  latent: Float32Array;
}

/** The prompt itself stays out: the picture may be shown to people who should not read it. */
export function withRecipe(png: Uint8Array, { seed, wish, latent }: Recipe): Uint8Array {
  const { unknownWords: _, ...understood } = wish;
  const bytes = Buffer.from(latent.buffer, latent.byteOffset, latent.byteLength);
  return withPngNote(png, JSON.stringify({ version: VERSION, seed, wish: understood, latent: bytes.toString("base64") }));
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** `{ [key]: value }` when the value is one of the words, and nothing otherwise. */
function wordOf<Key extends string, Word extends string>(
  record: Record<string, unknown>,
  key: Key,
  words: readonly Word[],
): Partial<Record<Key, Word>> {
  const found = words.find((word) => word === record[key]);
  return found === undefined ? {} : ({ [key]: found } as Record<Key, Word>);
}

function parseRelation(value: unknown): Pick<WishedObject, "relation"> {
  if (!isRecord(value) || typeof value["to"] !== "number") return {};
  const { name } = wordOf(value, "name", RELATIONS);
  return name ? { relation: { name, to: value["to"] } } : {};
}

/** Anybody can write such a note, so every field is checked. */
function parseObject(value: unknown, book: ConceptBook): WishedObject | null {
  if (!isRecord(value)) return null;
  const { id, code, count } = value;
  if (typeof id !== "number" || typeof code !== "string" || typeof count !== "number") return null;
  if (!book.byCode(code) || !Number.isInteger(count) || count < 1 || count > MOST_COPIES) return null;
  return {
    id,
    code,
    count,
    ...wordOf(value, "color", COLORS),
    ...wordOf(value, "size", SIZES),
    ...wordOf(value, "action", ACTIONS),
    ...wordOf(value, "look", LOOKS),
    ...parseRelation(value["relation"]),
  };
}

function parseWish(value: unknown, book: ConceptBook): Wish | null {
  if (!isRecord(value) || !Array.isArray(value["objects"]) || !Array.isArray(value["places"])) return null;
  return {
    objects: value["objects"].slice(0, MOST_OBJECTS).flatMap((object) => parseObject(object, book) ?? []),
    places: value["places"].filter((place): place is string => typeof place === "string" && PLACES.has(place)),
    unknownWords: [],
    ...wordOf(value, "time", TIMES),
    ...wordOf(value, "weather", WEATHERS),
    ...wordOf(value, "background", COLORS),
    ...wordOf(value, "style", STYLES),
  };
}

/** @returns null when the picture is not one of ours, or was changed by a program that drops such notes. */
export function readRecipe(image: Uint8Array, book: ConceptBook): Recipe | null {
  const note = readPngNote(image);
  if (note === null) return null;
  try {
    const parsed: unknown = JSON.parse(note);
    if (!isRecord(parsed) || parsed["version"] !== VERSION || typeof parsed["latent"] !== "string") return null;
    const { seed } = parsed;
    const wish = parseWish(parsed["wish"], book);
    const bytes = Buffer.from(parsed["latent"], "base64");
    if (!wish || typeof seed !== "number" || !Number.isSafeInteger(seed) || seed < 0) return null;
    if (bytes.length !== LATENT_SIZE * Float32Array.BYTES_PER_ELEMENT) return null;
    const latent = Float32Array.from({ length: LATENT_SIZE }, (_, index) => bytes.readFloatLE(index * Float32Array.BYTES_PER_ELEMENT));
    return latent.every(Number.isFinite) ? { seed, wish, latent } : null;
  } catch {
    return null;
  }
}
