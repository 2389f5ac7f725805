/** Of all the pixels of a picture, from 0 to 1. */
export interface ColourShares {
  black: number;
  grey: number;
}

const DARK = 24;
const COLOURLESS = 16;

/** @param data four bytes a pixel. */
export function colourShares({ data }: { data: Uint8Array }): ColourShares {
  let black = 0;
  let grey = 0;
  for (let at = 0; at + 3 < data.length; at += 4) {
    const [red, green, blue] = [data[at] ?? 0, data[at + 1] ?? 0, data[at + 2] ?? 0];
    const brightest = Math.max(red, green, blue);
    if (brightest <= DARK) black++;
    if (brightest - Math.min(red, green, blue) <= COLOURLESS) grey++;
  }
  const count = data.length / 4;
  return { black: black / count, grey: grey / count };
}
