/** What a photo can lend to a drawn scene: its horizon and its colours. */
import { asSharp, toPixels, type Pixels } from "../pixels.ts";

const PROBE = 64;
/** Horizons outside this band are rarely ones. */
const BAND = [0.3, 0.75] as const;

type Rgb = [number, number, number];

export interface PhotoFacts {
  /** 0..1 from the top. */
  horizon: number;
  /** Hex colours from the top to the horizon. */
  sky: [string, string, string];
  /** Hex colours, far and near. */
  ground: [string, string];
}

function meanOfRows({ data, width }: Pixels, from: number, to: number): Rgb {
  const sum: Rgb = [0, 0, 0];
  const [first, last] = [Math.floor(from), Math.max(Math.floor(from) + 1, Math.ceil(to))];
  for (let offset = first * width * 3; offset < last * width * 3; offset += 3) {
    for (const channel of [0, 1, 2] as const) sum[channel] += data[offset + channel] ?? 0;
  }
  const count = (last - first) * width;
  return [sum[0] / count, sum[1] / count, sum[2] / count];
}

function hex(color: Rgb): string {
  return `#${color.map((value) => Math.round(value).toString(16).padStart(2, "0")).join("")}`;
}

export async function analysePhoto(photo: Pixels): Promise<PhotoFacts> {
  const probe = await toPixels(asSharp(photo).resize(PROBE, PROBE, { fit: "fill" }));
  const [lowest, highest] = BAND.map((share) => Math.round(share * PROBE)) as [number, number];
  let [horizon, strongest] = [lowest, -1];
  for (let row = lowest; row < highest; row += 1) {
    const [above, below] = [meanOfRows(probe, row - 5, row), meanOfRows(probe, row, row + 5)];
    const change = Math.abs(above[0] - below[0]) + Math.abs(above[1] - below[1]) + Math.abs(above[2] - below[2]);
    if (change > strongest) [horizon, strongest] = [row, change];
  }
  const part = (from: number, to: number): string => hex(meanOfRows(probe, from, to));
  return {
    horizon: horizon / PROBE,
    sky: [part(0, horizon / 3), part(horizon / 3, (2 * horizon) / 3), part((2 * horizon) / 3, horizon)],
    ground: [part(horizon, (horizon + PROBE) / 2), part((horizon + PROBE) / 2, PROBE)],
  };
}
