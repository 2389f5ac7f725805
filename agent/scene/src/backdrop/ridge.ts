/** Outlines of rolling land: hills, dunes, snow, waves. */
import type { Frame } from "../frame.ts";
import type { Random } from "../random.ts";
import { num } from "../svg-canvas.ts";

const POINT_SPACING = 20;
const WAVES = [
  { share: 0.6, cycles: 0.9 },
  { share: 0.28, cycles: 2.1 },
  { share: 0.12, cycles: 4.7 },
];

export type Outline = (x: number) => number;

/**
 * @param y mean height of the ridge, in frame units from the top.
 * @param amplitude largest distance from it.
 * @param cyclesPerThousand how many hills fit in 1000 units.
 */
export function rollingOutline(y: number, amplitude: number, cyclesPerThousand: number, random: Random): Outline {
  const waves = WAVES.map(({ share, cycles }) => ({
    height: share * amplitude,
    frequency: ((cycles * cyclesPerThousand) / 1000) * 2 * Math.PI * random.between(0.8, 1.2),
    phase: random.between(0, 2 * Math.PI),
  }));
  return (x) => y + waves.reduce((sum, { height, frequency, phase }) => sum + height * Math.sin(x * frequency + phase), 0);
}

/** Path of everything under the outline. */
export function landPath(outline: Outline, frame: Frame, spacing = POINT_SPACING): string {
  const points: string[] = [];
  for (let x = 0; x < frame.width + spacing; x += spacing) points.push(`${num(x)} ${num(outline(x))}`);
  return `M${points.join("L")}V${num(frame.height)}H0Z`;
}

/** Jagged outline of rocky peaks by midpoint displacement. */
export function peakOutline(y: number, height: number, frame: Frame, random: Random): Outline {
  const levels = 6;
  const peaks = Math.max(2, Math.round(frame.width / 420));
  let heights = Array.from({ length: peaks * 2 + 1 }, (_, index) =>
    index % 2 === 1 ? random.between(0.65, 1) : random.between(0.05, 0.35),
  );
  for (let level = 2, roughness = 0.13; level < levels; level += 1, roughness /= 2) {
    heights = heights.flatMap((value, index) => {
      const next = heights[index + 1];
      if (next === undefined) return [value];
      return [value, (value + next) / 2 + random.between(-roughness, roughness)];
    });
  }
  return (x) => {
    const position = Math.min(0.9999, Math.max(0, x / frame.width)) * (heights.length - 1);
    const index = Math.floor(position);
    const [a, b] = [heights[index] ?? 0, heights[index + 1] ?? 0];
    return y - height * (a + (b - a) * (position - index));
  };
}
