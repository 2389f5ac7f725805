/** Hint pictures (skeletons, edges, depth) -> the boxes that their shapes fill. */
import { asSharp, lumaOfPixel, toPixels, type Pixels } from "../pixels.ts";
import type { Region } from "../plan.ts";
import type { ControlType } from "../requests.ts";

const GRID = 96;
const MOST_REGIONS = 10;
/** Smaller shapes are specks. */
const LEAST_SHARE: Record<ControlType, number> = { openpose: 0.001, canny: 0.006, depth: 0.01 };
/** Lines of a skeleton or an outline are joined over gaps of so many cells. */
const JOIN: Record<ControlType, number> = { openpose: 3, canny: 2, depth: 0 };
const LIT = 36;
/** Of a depth map, the nearest part that stands out of the ground: so much nearer than the row's ground. */
const NEARER_THAN_ROW = 26;
/** Rank, from the farthest, of the pixel that stands for a row's ground. */
const USUAL_SHARE = 0.15;
const STEEPEST_TILT = 75;

type Mask = Uint8Array;

function litMask(hint: Pixels): Mask {
  return Uint8Array.from({ length: GRID * GRID }, (_, cell) => {
    const offset = cell * 3;
    return Math.max(hint.data[offset] ?? 0, hint.data[offset + 1] ?? 0, hint.data[offset + 2] ?? 0) > LIT ? 1 : 0;
  });
}

function nearMask(hint: Pixels): Mask {
  const mask = new Uint8Array(GRID * GRID);
  for (let y = 0; y < GRID; y += 1) {
    const row = Array.from({ length: GRID }, (_, x) => lumaOfPixel(hint.data, (y * GRID + x) * 3));
    const usual = row.toSorted((a, b) => a - b)[Math.floor(GRID * USUAL_SHARE)] ?? 0;
    row.forEach((value, x) => {
      mask[y * GRID + x] = value > usual + NEARER_THAN_ROW ? 1 : 0;
    });
  }
  return mask;
}

function widen(mask: Mask, reach: number): Mask {
  if (reach === 0) return mask;
  return mask.map((_, cell) => {
    const [x, y] = [cell % GRID, Math.floor(cell / GRID)];
    for (let dy = -reach; dy <= reach; dy += 1) {
      for (let dx = -reach; dx <= reach; dx += 1) {
        const [nx, ny] = [x + dx, y + dy];
        if (nx >= 0 && ny >= 0 && nx < GRID && ny < GRID && mask[ny * GRID + nx]) return 1;
      }
    }
    return 0;
  });
}

/** Cells of each connected shape. */
function shapesOf(mask: Mask): number[][] {
  const seen = new Uint8Array(mask.length);
  const shapes: number[][] = [];
  mask.forEach((isSet, start) => {
    if (!isSet || seen[start]) return;
    const shape: number[] = [];
    const stack = [start];
    seen[start] = 1;
    for (let cell = stack.pop(); cell !== undefined; cell = stack.pop()) {
      shape.push(cell);
      const x = cell % GRID;
      for (const next of [x > 0 ? cell - 1 : -1, x < GRID - 1 ? cell + 1 : -1, cell - GRID, cell + GRID]) {
        if (next < 0 || next >= mask.length || seen[next] || !mask[next]) continue;
        seen[next] = 1;
        stack.push(next);
      }
    }
    shapes.push(shape);
  });
  return shapes;
}

/** Degrees between the shape's long axis and upright, clockwise. */
function tiltOf(points: readonly (readonly [number, number])[], centreX: number, centreY: number): number {
  let [xx, xy, yy] = [0, 0, 0];
  for (const [x, y] of points) {
    xx += (x - centreX) ** 2;
    xy += (x - centreX) * (y - centreY);
    yy += (y - centreY) ** 2;
  }
  const angle = (Math.atan2(2 * xy, yy - xx) / 2) * (180 / Math.PI);
  return Math.max(-STEEPEST_TILT, Math.min(STEEPEST_TILT, -angle));
}

function regionOf(shape: readonly number[], shrink: number, hasTilt: boolean, weight: number): Region {
  const points = shape.map((cell) => [cell % GRID, Math.floor(cell / GRID)] as const);
  const [xs, ys] = [points.map(([x]) => x), points.map(([, y]) => y)];
  const [left, right, top, bottom] = [
    Math.min(...xs) + shrink,
    Math.max(...xs) + 1 - shrink,
    Math.min(...ys) + shrink,
    Math.max(...ys) + 1 - shrink,
  ];
  const mean = (values: number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  const tilt = hasTilt ? tiltOf(points, mean(xs), mean(ys)) : 0;
  return {
    x: (left + right) / 2 / GRID,
    y: (top + bottom) / 2 / GRID,
    width: Math.max(1, right - left) / GRID,
    height: Math.max(1, bottom - top) / GRID,
    tilt,
    weight,
  };
}

/** @returns the largest shapes of the hint, from left to right. */
export async function regionsOf(hint: Pixels, type: ControlType, weight: number): Promise<Region[]> {
  const small = await toPixels(asSharp(hint).resize(GRID, GRID, { fit: "fill", kernel: "lanczos2" }));
  const mask = widen(type === "depth" ? nearMask(small) : litMask(small), JOIN[type]);
  const shapes = shapesOf(mask)
    .filter((shape) => shape.length >= LEAST_SHARE[type] * GRID * GRID)
    .toSorted((a, b) => b.length - a.length)
    .slice(0, MOST_REGIONS);
  return shapes.map((shape) => regionOf(shape, JOIN[type], type === "openpose", weight)).toSorted((a, b) => a.x - b.x);
}
