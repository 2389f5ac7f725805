/** Composition -> SVG: backdrop, shadows, drawings, weather. */
import { paintBackdrop } from "./backdrop/backdrop.ts";
import type { Scenery } from "./backdrop/scenery.ts";
import { paintWeather } from "./backdrop/weather.ts";
import type { Composition } from "./compose.ts";
import type { Placement } from "./placement.ts";
import { lightFor, type Light } from "./light.ts";
import { hasNoHorizon } from "./places.ts";
import type { Plan } from "./plan.ts";
import { recolorFilter } from "./recolor.ts";
import { createSvgCanvas, ellipse, num, path, type SvgCanvas } from "./svg-canvas.ts";

/** Side of the box that drawings are made in. */
const VIEW_BOX = 32;
const SHINES = /moon|^sun|star|sparkles|comet|fire|lantern|light-bulb|candle|rainbow/;
/** Drawings that show the water they swim in. */
const BRINGS_ITS_WATER = new Set(["person-swimming", "person-surfing", "person-rowing-boat", "water-wave", "desert-island"]);
/** Share of a boat's or a swimmer's height that is under water. */
const DRAUGHT = 0.07;
/** Things are easier to see than the ground they stand on: they take only this much of the tint. */
const TINT_SHARE_OF_OBJECTS = 0.6;

/** Gives the ids of one drawing a prefix, so that two drawings do not share gradients. */
function withPrefix(body: string, prefix: string): string {
  return body
    .replaceAll(/ id="([^"]+)"/g, (_, id: string) => ` id="${prefix}${id}"`)
    .replaceAll(/url\(#([^)]+)\)/g, (_, id: string) => `url(#${prefix}${id})`)
    .replaceAll(/href="#([^"]+)"/g, (_, id: string) => `href="#${prefix}${id}"`);
}

function drawingMarkup(svg: SvgCanvas, placement: Placement): string {
  const { drawing, object } = placement;
  const [left, top, right, bottom] = drawing.bounds;
  const scale = placement.width / (right - left);
  const turn = placement.tilt === 0 ? "" : ` rotate(${num(placement.tilt)})`;
  const transform = `translate(${num(placement.x)} ${num(placement.y)})${turn} scale(${num(placement.isMirrored ? -scale : scale)} ${num(scale)}) translate(${num(-(left + right) / 2)} ${num(-(top + bottom) / 2)})`;
  const filter = object.color ? recolorFilter(drawing, object.color) : null;
  let recolor = "";
  if (filter !== null) {
    const id = svg.freshId();
    svg.define(`<filter id="${id}" color-interpolation-filters="sRGB">${filter}</filter>`);
    recolor = ` filter="url(#${id})"`;
  }
  let cut = "";
  if (drawing.isCutAtBottom) {
    const id = svg.freshId();
    svg.define(`<clipPath id="${id}"><path d="M0 0H${VIEW_BOX}V${num(bottom)}H0Z"/></clipPath>`);
    cut = ` clip-path="url(#${id})"`;
  }
  return `<g${recolor}><g transform="${transform}"${cut}>${withPrefix(drawing.body, `s${placement.slot}`)}</g></g>`;
}

function shadowMarkup(svg: SvgCanvas, { x, y, width, height }: Placement, strength: number): string {
  const fill = svg.radialGradient([
    [0, "#000000", strength],
    [0.6, "#000000", strength * 0.6],
    [1, "#000000", 0],
  ]);
  return ellipse(x, y + height / 2 - 3, width * 0.54, Math.max(7, width * 0.085), fill);
}

/** Ripples over the part of a boat that is in the water. */
function rippleMarkup({ x, y, width, height }: Placement): string {
  const line = y + height / 2;
  const [reach, lift] = [width * 0.54, Math.max(4, height * DRAUGHT)];
  const wave = (offset: number, share: number): string =>
    `<path d="M${num(x - reach * share)} ${num(line + offset)}q${num(reach * share * 0.5)} ${num(-lift)} ${num(reach * share)} 0t${num(reach * share)} 0" stroke="#fff" stroke-opacity=".4" stroke-width="${num(Math.max(2, lift * 0.4))}" stroke-linecap="round" fill="none"/>`;
  return wave(-lift * 0.3, 1) + wave(lift * 0.9, 0.7);
}

function contactMarkup(scenery: Scenery, placement: Placement): { under: string; over: string } {
  const { svg, plan } = scenery;
  const { role } = placement.object;
  const none = { under: "", over: "" };
  if (plan.place.ground === "none") return role === "bust" ? none : { under: shadowMarkup(svg, placement, 0.26), over: "" };
  if (role === "sky" || role === "float" || role === "bust" || hasNoHorizon(plan.place)) return none;
  const { art } = placement.object.concept;
  if (role === "water") return { under: "", over: BRINGS_ITS_WATER.has(art) ? "" : rippleMarkup(placement) };
  return { under: shadowMarkup(svg, placement, scenery.light.isDark ? 0.42 : 0.3), over: "" };
}

function tintFilter(svg: SvgCanvas, light: Light): string {
  const [red, green, blue] = light.tint.map((channel) => num(1 - (1 - channel) * TINT_SHARE_OF_OBJECTS));
  if (red === "1" && green === "1" && blue === "1") return "";
  const id = svg.freshId();
  svg.define(
    `<filter id="${id}" color-interpolation-filters="sRGB"><feColorMatrix values="${red} 0 0 0 0 0 ${green} 0 0 0 0 0 ${blue} 0 0 0 0 0 1 0"/></filter>`,
  );
  return ` filter="url(#${id})"`;
}

/** Soft dark corners lead the eye inwards. */
function paintVignette(svg: SvgCanvas, composition: Composition): void {
  const { width, height } = composition.frame;
  const fill = svg.radialGradient([
    [0.6, "#000010", 0],
    [1, "#000010", 0.16],
  ]);
  svg.add(path(`M0 0H${num(width)}V${num(height)}H0Z`, fill));
}

/**
 * @param pixelWidth size of the SVG's raster; the drawing itself is the same at every size.
 */
export function drawSvg(plan: Plan, composition: Composition, seed: number, pixelWidth: number, pixelHeight: number): string {
  const svg = createSvgCanvas(composition.frame);
  const light = lightFor(plan);
  const scenery: Scenery = { svg, plan, composition, light, seed };
  paintBackdrop(scenery);
  const tint = tintFilter(svg, light);
  for (const placement of composition.placements) {
    const { under, over } = contactMarkup(scenery, placement);
    const drawing = drawingMarkup(svg, placement);
    const shines = SHINES.test(placement.object.concept.art);
    svg.add(`${under}${shines || tint === "" ? drawing : `<g${tint}>${drawing}</g>`}${over}`);
  }
  paintWeather(scenery);
  paintVignette(svg, composition);
  return svg.toSvg(pixelWidth, pixelHeight);
}
