/** Turns a drawn scene, or a photo, into watercolour, oil, ink, line art, pixels or soft light. */
import { asSharp, clampByte, lumaOfPixel, resizePixels, toPixels, type Pixels } from "../pixels.ts";
import { randomFor } from "../random.ts";
import type { StyleName } from "../vocabulary.ts";
import { brush } from "./brush.ts";

/** Brushes cost time for every pixel; larger pictures are painted at this size and enlarged. */
const LONGEST_PAINTED_SIDE = 1280;
const PIXEL_ART_SIDE = 108;
const PIXEL_ART_LEVELS = 7;
const GRAIN_SIDE = 256;
const PAPER_STEP = 26;

type Rgb = [red: number, green: number, blue: number];
type Tone = (color: Rgb, luma: number, pixel: number) => Rgb;

/** Changes every pixel by itself. */
function tone(pixels: Pixels, change: Tone): Pixels {
  const data = new Uint8Array(pixels.data.length);
  for (let offset = 0, pixel = 0; offset < data.length; offset += 3, pixel += 1) {
    const [red, green, blue] = change(
      [pixels.data[offset] ?? 0, pixels.data[offset + 1] ?? 0, pixels.data[offset + 2] ?? 0],
      lumaOfPixel(pixels.data, offset),
      pixel,
    );
    data[offset] = clampByte(red);
    data[offset + 1] = clampByte(green);
    data[offset + 2] = clampByte(blue);
  }
  return { ...pixels, data };
}

/** How much the colour changes between neighbours, 0..255. */
function edgesOf({ data, width, height }: Pixels): Uint8Array {
  const edges = new Uint8Array(width * height);
  for (let y = 0; y < height - 1; y += 1) {
    for (let x = 0; x < width - 1; x += 1) {
      const offset = (y * width + x) * 3;
      let strongest = 0;
      for (let channel = 0; channel < 3; channel += 1) {
        const value = data[offset + channel] ?? 0;
        strongest = Math.max(
          strongest,
          Math.abs((data[offset + 3 + channel] ?? 0) - value) + Math.abs((data[offset + width * 3 + channel] ?? 0) - value),
        );
      }
      edges[y * width + x] = Math.min(255, strongest);
    }
  }
  return edges;
}

/** The same sheet of paper under every picture: -1..1, soft. */
function paperGrain(): Float32Array {
  const random = randomFor(11, "paper");
  const rough = Float32Array.from({ length: GRAIN_SIDE * GRAIN_SIDE }, () => random.between(-1, 1));
  return rough.map(
    (value, index) => (value + (rough[(index + 1) % rough.length] ?? 0) + (rough[(index + GRAIN_SIDE) % rough.length] ?? 0)) / 2,
  );
}

let paper: Float32Array | undefined;

function grainAt(pixel: number, width: number): number {
  paper ??= paperGrain();
  const [x, y] = [pixel % width, Math.floor(pixel / width)];
  return paper[(y % GRAIN_SIDE) * GRAIN_SIDE + (x % GRAIN_SIDE)] ?? 0;
}

function brushRadius({ width, height }: Pixels, share: number): number {
  return Math.max(1, Math.round(Math.min(width, height) * share));
}

function watercolor(pixels: Pixels): Pixels {
  const painted = brush(brush(pixels, brushRadius(pixels, 0.008)), brushRadius(pixels, 0.013));
  const edges = edgesOf(painted);
  return tone(painted, ([red, green, blue], luma, pixel) => {
    // Pigment gathers where a wash ends, and the paper shines through everywhere else.
    const gathered = 1 - Math.min(0.34, (edges[pixel] ?? 0) / 240);
    const wash = (value: number): number => ((value * 0.76 + luma * 0.02) * gathered + 52) * (1 + grainAt(pixel, pixels.width) * 0.045);
    return [wash(red) + 4, wash(green) + 1, wash(blue) - 3];
  });
}

function oil(pixels: Pixels): Pixels {
  const painted = brush(pixels, brushRadius(pixels, 0.012));
  const { data, width } = painted;
  return tone(painted, ([red, green, blue], luma, pixel) => {
    const relief =
      (lumaOfPixel(data, pixel * 3) - lumaOfPixel(data, Math.max(0, pixel - width - 1) * 3)) * 0.55 + grainAt(pixel, width) * 5;
    const rich = (value: number): number => luma + (value - luma) * 1.25 + relief;
    return [rich(red), rich(green), rich(blue)];
  });
}

function ink(pixels: Pixels): Pixels {
  const painted = brush(pixels, brushRadius(pixels, 0.01));
  const edges = edgesOf(painted);
  return tone(painted, ([red, green, blue], luma, pixel) => {
    const isRed = red > 140 && red - Math.max(green, blue) > 60;
    const grey = (60 + luma * 0.78) * (1 - Math.min(0.6, (edges[pixel] ?? 0) / 120)) * (1 + grainAt(pixel, pixels.width) * 0.05);
    const keep = isRed ? 0.6 : 0.1;
    return [grey * 0.99 + (red - luma) * keep, grey * 0.97 + (green - luma) * keep, grey * 0.91 + (blue - luma) * keep];
  });
}

function lineArt(pixels: Pixels): Pixels {
  const edges = edgesOf(pixels);
  return tone(pixels, (_, luma, pixel) => {
    const line = Math.min(1, Math.max(0, ((edges[pixel] ?? 0) - 14) / 50));
    const shade = 255 - (255 - luma) * 0.1;
    const value = shade * (1 - line) + 28 * line;
    return [value, value, value - 2];
  });
}

async function pixelArt(pixels: Pixels): Promise<Pixels> {
  const scale = PIXEL_ART_SIDE / Math.min(pixels.width, pixels.height);
  const [width, height] = [Math.max(8, Math.round(pixels.width * scale)), Math.max(8, Math.round(pixels.height * scale))];
  const small = await toPixels(asSharp(pixels).resize(width, height, { fit: "fill", kernel: "cubic" }));
  const step = 255 / (PIXEL_ART_LEVELS - 1);
  const reduced = tone(small, ([red, green, blue], luma) => {
    const level = (value: number): number => Math.round((luma + (value - luma) * 1.15) / step) * step;
    return [level(red), level(green), level(blue)];
  });
  return toPixels(asSharp(reduced).resize(pixels.width, pixels.height, { fit: "fill", kernel: "nearest" }));
}

async function glow(pixels: Pixels, strength: number, lift: number): Promise<Pixels> {
  const blurred = await toPixels(asSharp(pixels).blur(Math.max(1, Math.min(pixels.width, pixels.height) * 0.014)));
  return tone(pixels, ([red, green, blue], luma, pixel) => {
    const screen = (value: number, channel: number): number => {
      const halo = (blurred.data[pixel * 3 + channel] ?? 0) * strength;
      const lit = 255 - ((255 - value) * (255 - halo)) / 255;
      return lift + (lit * 0.9 + luma * 0.1) * (1 - lift / 255);
    };
    return [screen(red, 0), screen(green, 1), screen(blue, 2)];
  });
}

/** Sheets of one colour each: gradients become steps, and all of it has grain. */
function paperSheets(pixels: Pixels): Pixels {
  return tone(pixels, ([red, green, blue], luma, pixel) => {
    const step = PAPER_STEP * Math.round(luma / PAPER_STEP) - luma;
    const grain = 1 + grainAt(pixel, pixels.width) * 0.05;
    return [(red + step) * grain, (green + step) * grain, (blue + step) * grain];
  });
}

async function repaint(pixels: Pixels, style: StyleName): Promise<Pixels> {
  switch (style) {
    case "3d":
    case "flat":
      return pixels;
    case "soft":
      return glow(pixels, 0.5, 26);
    case "neon":
      return glow(pixels, 0.45, 0);
    case "watercolor":
      return watercolor(pixels);
    case "oil":
      return oil(pixels);
    case "ink":
      return ink(pixels);
    case "papercut":
      return paperSheets(pixels);
    case "lineart":
      return lineArt(pixels);
    case "pixel":
      return pixelArt(pixels);
  }
}

export async function applyPixelStyle(pixels: Pixels, style: StyleName): Promise<Pixels> {
  if (style === "3d" || style === "flat") return pixels;
  const scale = Math.min(1, LONGEST_PAINTED_SIDE / Math.max(pixels.width, pixels.height));
  const size = { width: Math.max(1, Math.round(pixels.width * scale)), height: Math.max(1, Math.round(pixels.height * scale)) };
  const styled = await repaint(await resizePixels(pixels, size), style);
  return resizePixels(styled, pixels);
}
