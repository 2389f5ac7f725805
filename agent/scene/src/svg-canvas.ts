/** Collects SVG elements and the gradients they use. */
import type { Frame } from "./frame.ts";

/** [offset 0..1, colour, opacity 0..1 (1 when left out)] */
type Stop = readonly [offset: number, color: string, opacity?: number];

export interface SvgCanvas {
  add(markup: string): void;
  /** Adds to <defs>. */
  define(markup: string): void;
  /** An id that no other element of this picture has. */
  freshId(): string;
  /** Top to bottom of the painted shape. @returns a paint, "url(#...)". */
  verticalGradient(stops: readonly Stop[]): string;
  /** Centre to edge of the painted shape. @returns a paint. */
  radialGradient(stops: readonly Stop[]): string;
  toSvg(pixelWidth: number, pixelHeight: number): string;
}

/** Short decimal text: two places are a hundredth of a thousandth of the picture. */
export function num(value: number): string {
  return String(Math.round(value * 100) / 100);
}

function stopMarkup([offset, color, opacity]: Stop): string {
  const alpha = opacity === undefined ? "" : ` stop-opacity="${num(opacity)}"`;
  return `<stop offset="${num(offset)}" stop-color="${color}"${alpha}/>`;
}

export function createSvgCanvas(frame: Frame): SvgCanvas {
  const definitions: string[] = [];
  const body: string[] = [];
  let ids = 0;
  const freshId = (): string => {
    ids += 1;
    return `p${ids}`;
  };
  const gradient = (element: string, attributes: string, stops: readonly Stop[]): string => {
    const id = freshId();
    definitions.push(`<${element} id="${id}"${attributes}>${stops.map(stopMarkup).join("")}</${element}>`);
    return `url(#${id})`;
  };
  return {
    add: (markup) => void body.push(markup),
    define: (markup) => void definitions.push(markup),
    freshId,
    verticalGradient: (stops) => gradient("linearGradient", ' x2="0" y2="1"', stops),
    radialGradient: (stops) => gradient("radialGradient", "", stops),
    // "none" absorbs the last fraction of a unit that rounding to whole pixels leaves.
    toSvg: (pixelWidth, pixelHeight) =>
      `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="${pixelWidth}" height="${pixelHeight}" viewBox="0 0 ${num(frame.width)} ${num(frame.height)}" preserveAspectRatio="none"><defs>${definitions.join("")}</defs>${body.join("")}</svg>`,
  };
}

export function rect(x: number, y: number, width: number, height: number, fill: string, more = ""): string {
  return `<rect x="${num(x)}" y="${num(y)}" width="${num(width)}" height="${num(height)}" fill="${fill}" ${more}/>`;
}

export function circle(x: number, y: number, radius: number, fill: string, more = ""): string {
  return `<circle cx="${num(x)}" cy="${num(y)}" r="${num(radius)}" fill="${fill}" ${more}/>`;
}

export function ellipse(x: number, y: number, rx: number, ry: number, fill: string, more = ""): string {
  return `<ellipse cx="${num(x)}" cy="${num(y)}" rx="${num(rx)}" ry="${num(ry)}" fill="${fill}" ${more}/>`;
}

export function path(data: string, fill: string, more = ""): string {
  return `<path d="${data}" fill="${fill}" ${more}/>`;
}

/** A layer of the backdrop; styles that show layers (paper-cut) find it by its class. */
export function land(data: string, fill: string, more = ""): string {
  return path(data, fill, `class="land" ${more}`);
}
