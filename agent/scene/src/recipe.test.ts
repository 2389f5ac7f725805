import sharp from "sharp";
import { beforeAll, describe, expect, test } from "vitest";
import { readConcepts } from "./assets.ts";
import { buildConceptBook, type ConceptBook } from "./concept-book.ts";
import { LATENT_SIZE } from "./layout-model.ts";
import { readPngNote, withPngNote } from "./png-note.ts";
import { readRecipe, withRecipe, type Recipe } from "./recipe.ts";

let book: ConceptBook;
let png: Uint8Array;

beforeAll(async () => {
  book = buildConceptBook(await readConcepts());
  png = await sharp({ create: { width: 4, height: 4, channels: 3, background: "#123456" } })
    .png()
    .toBuffer();
});

function aRecipe(): Recipe {
  const latent = Float32Array.from({ length: LATENT_SIZE }, (_, index) => Math.sin(index));
  return {
    seed: 2 ** 53 - 1,
    latent,
    wish: { objects: [{ id: 0, code: "1f408", count: 2, color: "red" }], places: ["garden"], style: "oil", unknownWords: [] },
  };
}

describe("a recipe in a PNG", () => {
  test("comes back as it was put in", () => {
    expect(readRecipe(withRecipe(png, aRecipe()), book)).toEqual(aRecipe());
  });

  test("leaves the picture readable and unchanged", async () => {
    const marked = withRecipe(png, aRecipe());
    expect(await sharp(marked).raw().toBuffer()).toEqual(await sharp(png).raw().toBuffer());
  });

  test("is absent from pictures of others", async () => {
    expect(readRecipe(png, book)).toBeNull();
    expect(readRecipe(await sharp(png).jpeg().toBuffer(), book)).toBeNull();
    expect(readRecipe(new Uint8Array(), book)).toBeNull();
  });

  test.each(["", "{", "null", "[]", '{"version":2}', '{"version":1,"latent":"AAAA","seed":1,"wish":{"objects":[],"places":[]}}'])(
    "is not read from %o",
    (note) => {
      expect(readRecipe(withPngNote(png, note), book)).toBeNull();
    },
  );

  test("loses what was forged in it", () => {
    const forged = aRecipe();
    const wish = {
      ...forged.wish,
      style: "nonsense",
      places: ["garden", "../etc"],
      objects: [
        { id: 0, code: "zz", count: 1 },
        { id: 1, code: "1f408", count: 99 },
      ],
    };
    const note = readPngNote(withRecipe(png, forged)) ?? "";
    const parsed: Record<string, unknown> = { ...(JSON.parse(note) as Record<string, unknown>), wish };
    expect(readRecipe(withPngNote(png, JSON.stringify(parsed)), book)?.wish).toEqual({ objects: [], places: ["garden"], unknownWords: [] });
  });

  test("cut off anywhere is refused without harm", () => {
    const marked = withRecipe(png, aRecipe());
    for (let length = 0; length < 300; length += 7) expect(() => readRecipe(marked.subarray(0, length), book)).not.toThrow();
  });
});
