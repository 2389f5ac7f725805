/** The packed drawings, found by style and name. Unpacked once, on the first picture. */
import { readArt } from "./assets.ts";
import type { ArtStyle } from "./vocabulary.ts";

export interface Drawing {
  /** SVG elements without the outer <svg>, in a 32 x 32 box. */
  body: string;
  /** Left, top, right, bottom of the visible ink in that box. */
  bounds: [number, number, number, number];
  /** Dominant hue in degrees, saturation and luma in 0..1. */
  tone: [number, number, number];
  /** Set when everything below the bounds is to be cut off. */
  isCutAtBottom?: boolean;
}

type DrawingFacts = Pick<Drawing, "bounds" | "tone">;

/** @param waterline view box units from the top. */
export function cutAt(drawing: Drawing, waterline: number): Drawing {
  const [left, top, right] = drawing.bounds;
  return { ...drawing, bounds: [left, top, right, waterline], isCutAtBottom: true };
}

export interface ArtBook {
  find(style: ArtStyle, art: string): Drawing | undefined;
}

const TAB = 9;
const NEW_LINE = 10;

/** @param packed lines of "style/name <tab> facts as JSON <tab> SVG body". */
function openArtBook(packed: Buffer): ArtBook {
  const lines = new Map<string, [start: number, end: number]>();
  for (let start = 0; start < packed.length;) {
    const end = packed.indexOf(NEW_LINE, start);
    const nameEnd = packed.indexOf(TAB, start);
    if (end < 0 || nameEnd < 0) break;
    lines.set(packed.toString("utf8", start, nameEnd), [nameEnd + 1, end]);
    start = end + 1;
  }
  return {
    find: (style, art) => {
      const range = lines.get(`${style}/${art}`);
      if (!range) return undefined;
      const [facts, body] = packed.toString("utf8", ...range).split("\t");
      if (facts === undefined || body === undefined) return undefined;
      return { ...(JSON.parse(facts) as DrawingFacts), body };
    },
  };
}

export async function loadArtBook(): Promise<ArtBook> {
  return openArtBook(await readArt());
}
