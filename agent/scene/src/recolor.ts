/** SVG filters that give a drawing another colour and keep its shading, whites and blacks. */
import type { Drawing } from "./art-book.ts";
import { hueOf, lumaOf, mix, NAMED_COLORS, parseHex, type Rgb } from "./color.ts";
import type { ColorName } from "./vocabulary.ts";

/** Drawings greyer than this have no hue that could be turned. */
const LEAST_SATURATION = 0.6;
/** Closer than this, the drawing already has the colour. */
const SAME_HUE_DEGREES = 14;
const GAIN_LIMITS = [0.55, 1.9] as const;
/** Turning a dark red to yellow gives orange, so yellow is mapped like the colours without a hue. */
const MAPPED_COLORS: ReadonlySet<ColorName> = new Set(["black", "white", "gray", "brown", "yellow"]);

function hueDistance(a: number, b: number): number {
  const distance = Math.abs(a - b) % 360;
  return Math.min(distance, 360 - distance);
}

/** Turns every hue by the same angle: tyres stay black and windows keep a contrast. */
function turnHue(degrees: number, gain: number): string {
  return (
    `<feColorMatrix type="hueRotate" values="${degrees.toFixed(1)}"/>` +
    `<feComponentTransfer>${["R", "G", "B"].map((channel) => `<feFunc${channel} type="linear" slope="${gain.toFixed(2)}"/>`).join("")}</feComponentTransfer>`
  );
}

/** Maps dark, middle and light tones of the drawing to those of the colour. */
function mapTones(color: string): string {
  const tones = [mix(color, "#000000", 0.72), color, mix(color, "#ffffff", 0.72)].map(parseHex);
  const table = (channel: 0 | 1 | 2): string => tones.map((tone) => tone[channel].toFixed(3)).join(" ");
  return (
    `<feColorMatrix type="saturate" values="0"/><feComponentTransfer>` +
    `<feFuncR type="table" tableValues="${table(0)}"/><feFuncG type="table" tableValues="${table(1)}"/>` +
    `<feFuncB type="table" tableValues="${table(2)}"/></feComponentTransfer>`
  );
}

function isYellow(hue: number): boolean {
  return hue > 38 && hue < 60;
}

/** Mostly white with a small coloured part, which the measured tone is that of. */
const WHITE_BODIED =
  /sheep|ewe|swan|goat|rabbit$|polar-bear|ghost|cloud|snowman|dove|goose|cow|panda|zebra|unicorn|egg|tooth|bone|open-book|mouse/;

/** @returns the filter's primitives, or null when the drawing has the colour already. */
export function recolorFilter(drawing: Drawing, art: string, color: ColorName): string | null {
  const target: Rgb = parseHex(NAMED_COLORS[color]);
  const [hue, saturation, luma] = drawing.tone;
  if ((MAPPED_COLORS.has(color) && !(color === "yellow" && isYellow(hue))) || saturation < LEAST_SATURATION || WHITE_BODIED.test(art))
    return mapTones(NAMED_COLORS[color]);
  const { hue: wantedHue } = hueOf(target);
  if (hueDistance(hue, wantedHue) < SAME_HUE_DEGREES) return null;
  const gain = Math.min(GAIN_LIMITS[1], Math.max(GAIN_LIMITS[0], lumaOf(target) / Math.max(0.1, luma)));
  return turnHue(wantedHue - hue, gain);
}
