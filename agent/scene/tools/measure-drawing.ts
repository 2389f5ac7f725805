/** What the composer must know of a drawing without rendering it: where its ink is and what colour it is. */
import sharp from "sharp";

/** Fluent drawings live in a 32 x 32 box. */
const VIEW_BOX = 32;
const PROBE_PIXELS = 96;
const OPAQUE = 24;
const HUE_BINS = 24;
const DEGREES = 360;

export interface DrawingFacts {
  /** Left, top, right and bottom of the visible ink, in view box units. */
  bounds: [number, number, number, number];
  /** Dominant hue in degrees, its mean saturation (0..1) and mean luma (0..1). */
  tone: [number, number, number];
}

export function asSvg(body: string): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="${PROBE_PIXELS}" height="${PROBE_PIXELS}" viewBox="0 0 ${VIEW_BOX} ${VIEW_BOX}">${body}</svg>`;
}

export async function renderProbe(body: string): Promise<Buffer> {
  return sharp(Buffer.from(asSvg(body)))
    .ensureAlpha()
    .raw()
    .toBuffer();
}

/** Root mean square difference of two probes, premultiplied, on a 0..1 scale. */
export function difference(a: Buffer, b: Buffer): number {
  let sum = 0;
  for (let index = 0; index < a.length; index += 4) {
    const alphaA = (a[index + 3] ?? 0) / 255;
    const alphaB = (b[index + 3] ?? 0) / 255;
    for (let channel = 0; channel < 3; channel += 1) {
      const delta = (a[index + channel] ?? 0) * alphaA - (b[index + channel] ?? 0) * alphaB;
      sum += (delta / 255) ** 2;
    }
  }
  return Math.sqrt(sum / ((a.length / 4) * 3));
}

function hueOf(red: number, green: number, blue: number, max: number, range: number): number {
  if (range === 0) return 0;
  if (max === red) return (((green - blue) / range + 6) % 6) * 60;
  if (max === green) return ((blue - red) / range + 2) * 60;
  return ((red - green) / range + 4) * 60;
}

export function measure(pixels: Buffer): DrawingFacts {
  let [left, top, right, bottom] = [PROBE_PIXELS, PROBE_PIXELS, 0, 0];
  const bins = Array.from({ length: HUE_BINS }, () => ({ weight: 0, saturation: 0, luma: 0, count: 0 }));
  let ink = 0;
  for (let index = 0; index < pixels.length; index += 4) {
    if ((pixels[index + 3] ?? 0) < OPAQUE) continue;
    const x = (index / 4) % PROBE_PIXELS;
    const y = Math.floor(index / 4 / PROBE_PIXELS);
    [left, top, right, bottom] = [Math.min(left, x), Math.min(top, y), Math.max(right, x + 1), Math.max(bottom, y + 1)];
    const [red, green, blue] = [pixels[index] ?? 0, pixels[index + 1] ?? 0, pixels[index + 2] ?? 0].map((v) => v / 255) as [
      number,
      number,
      number,
    ];
    const max = Math.max(red, green, blue);
    const range = max - Math.min(red, green, blue);
    const saturation = max === 0 ? 0 : range / max;
    const bin = bins[Math.floor((hueOf(red, green, blue, max, range) / DEGREES) * HUE_BINS) % HUE_BINS];
    ink += 1;
    if (!bin) continue;
    bin.weight += saturation * max;
    bin.saturation += saturation;
    bin.luma += 0.2126 * red + 0.7152 * green + 0.0722 * blue;
    bin.count += 1;
  }
  const dominant = bins.reduce((best, bin) => (bin.weight > best.weight ? bin : best));
  const count = Math.max(1, dominant.count);
  const unit = VIEW_BOX / PROBE_PIXELS;
  const round = (value: number): number => Math.round(value * 100) / 100;
  const hue = ((bins.indexOf(dominant) + 0.5) / HUE_BINS) * DEGREES;
  const share = dominant.count / Math.max(1, ink);
  return {
    bounds: [round(left * unit), round(top * unit), round(right * unit), round(bottom * unit)],
    tone: [Math.round(hue), round((dominant.saturation / count) * Math.min(1, share * 3)), round(dominant.luma / count)],
  };
}
