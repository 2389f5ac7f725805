/** Colours as [red, green, blue] in 0..1, and the named ones. */
import type { ColorName } from "./vocabulary.ts";

export type Rgb = readonly [red: number, green: number, blue: number];

export const NAMED_COLORS: Record<ColorName, string> = {
  /** Stands in where one colour is needed: a background. */
  rainbow: "#ff9fd0",
  red: "#e0322f",
  orange: "#f58c23",
  yellow: "#fbd034",
  green: "#44a846",
  cyan: "#32c3c8",
  blue: "#3a78e6",
  purple: "#8f4cc4",
  pink: "#f582af",
  brown: "#8a5a36",
  black: "#2e2e34",
  white: "#f7f7f5",
  gray: "#96969b",
};

export function parseHex(hex: string): Rgb {
  const value = Number.parseInt(hex.slice(1), 16);
  return [((value >> 16) & 255) / 255, ((value >> 8) & 255) / 255, (value & 255) / 255];
}

function toHex(color: Rgb): string {
  const digits = color.map((channel) =>
    Math.round(Math.min(1, Math.max(0, channel)) * 255)
      .toString(16)
      .padStart(2, "0"),
  );
  return `#${digits.join("")}`;
}

/** @param share 0 gives `from`, 1 gives `to`. */
export function mix(from: string, to: string, share: number): string {
  const [a, b] = [parseHex(from), parseHex(to)];
  const blend = (x: number, y: number): number => x + (y - x) * share;
  return toHex([blend(a[0], b[0]), blend(a[1], b[1]), blend(a[2], b[2])]);
}

export function multiply(color: string, light: Rgb): string {
  const [red, green, blue] = parseHex(color);
  return toHex([red * light[0], green * light[1], blue * light[2]]);
}

export function lumaOf([red, green, blue]: Rgb): number {
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

/** Hue in degrees and saturation in 0..1 (HSV). */
export function hueOf([red, green, blue]: Rgb): { hue: number; saturation: number } {
  const max = Math.max(red, green, blue);
  const range = max - Math.min(red, green, blue);
  if (range === 0) return { hue: 0, saturation: 0 };
  const sector = max === red ? ((green - blue) / range + 6) % 6 : max === green ? (blue - red) / range + 2 : (red - green) / range + 4;
  return { hue: sector * 60, saturation: range / max };
}
