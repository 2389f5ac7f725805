/** Composition -> SVG: backdrop, shadows, drawings, weather. */
import { paintBackdrop } from "./backdrop/backdrop.ts";
import type { Scenery } from "./backdrop/scenery.ts";
import { paintClouds } from "./backdrop/sky.ts";
import { paintFeatures } from "./backdrop/features/features.ts";
import { paintWeather } from "./backdrop/weather.ts";
import type { Composition } from "./compose.ts";
import type { Placement } from "./placement.ts";
import { lightFor, type Light } from "./light.ts";
import { hasNoHorizon, isIndoors } from "./places.ts";
import type { Plan } from "./plan.ts";
import type { PixelSize } from "./requests.ts";
import { recolorFilter } from "./recolor.ts";
import { hasVignette, styleDefinitions } from "./styles/styles.ts";
import { withEffects } from "./thing-effects.ts";
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
  const [scaleX, scaleY] = [placement.width / (right - left), placement.height / (bottom - top)];
  const turn = placement.tilt === 0 ? "" : ` rotate(${num(placement.tilt)})`;
  const transform = `translate(${num(placement.x)} ${num(placement.y)})${turn} scale(${placement.isMirrored ? -scaleX : scaleX} ${scaleY}) translate(${num(-(left + right) / 2)} ${num(-(top + bottom) / 2)})`;
  const filter = object.color && object.color !== "rainbow" ? recolorFilter(drawing, object.concept.art, object.color) : null;
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
  if (role === "sky" || role === "float" || role === "bust" || hasNoHorizon(plan.place) || isCarried(scenery, placement)) return none;
  const { art } = placement.object.concept;
  if (role === "water") return { under: "", over: BRINGS_ITS_WATER.has(art) ? "" : rippleMarkup(placement) };
  const leap = placement.object.action === "jumping" ? placement.height * 0.3 : 0;
  return { under: shadowMarkup(svg, { ...placement, y: placement.y + leap }, scenery.light.isDark ? 0.42 : 0.3), over: "" };
}

/** What stands on, in or is held by another thing throws no shadow on the ground. */
function isCarried({ composition }: Scenery, placement: Placement): boolean {
  const own = placement.object.relation?.name;
  if (own === "on" || own === "inside" || own === "above") return true;
  return composition.placements.some(({ object: { relation } }) => {
    if (relation?.slot !== placement.slot) return false;
    return relation.name === "holding" || relation.name === "wearing" || relation.name === "under";
  });
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

/** One thing with its shadow, its light and what it does. */
function drawThing(scenery: Scenery, placement: Placement, tint: string): string {
  const { svg } = scenery;
  const { under, over } = contactMarkup(scenery, placement);
  const effects = withEffects(svg, placement, drawingMarkup(svg, placement));
  const shines = SHINES.test(placement.object.concept.art) || placement.object.look === "glowing";
  const lit = shines || tint === "" ? effects.drawing : `<g${tint}>${effects.drawing}</g>`;
  return `${under}${effects.under}<g class="thing">${lit}</g>${effects.over}${over}`;
}

function beginScenery(plan: Plan, composition: Composition, seed: number): Scenery {
  const svg = createSvgCanvas(composition.frame);
  svg.define(styleDefinitions(plan.style));
  return { svg, plan, composition, light: lightFor(plan), seed };
}

/** Everything behind the things. */
export function drawBackdropSvg(
  plan: Plan,
  composition: Composition,
  seed: number,
  size: PixelSize,
  parts: { hasClouds: boolean } = { hasClouds: true },
): string {
  const scenery = { ...beginScenery(plan, composition, seed), ...parts };
  paintBackdrop(scenery);
  paintFeatures(scenery);
  return scenery.svg.toSvg(size.width, size.height);
}

/** The clouds alone, on nothing, where the place shows a sky. */
export function drawCloudsSvg(plan: Plan, composition: Composition, seed: number, size: PixelSize): string {
  const scenery = beginScenery(plan, composition, seed);
  if (!hasNoHorizon(plan.place) && !isIndoors(plan.place)) paintClouds(scenery, composition.horizon);
  return scenery.svg.toSvg(size.width, size.height);
}

/** One thing alone on nothing, in a picture as large as the whole frame. */
export function drawThingSvg(plan: Plan, composition: Composition, seed: number, placement: Placement, size: PixelSize): string {
  const scenery = beginScenery(plan, composition, seed);
  scenery.svg.add(drawThing(scenery, placement, tintFilter(scenery.svg, scenery.light)));
  return scenery.svg.toSvg(size.width, size.height);
}

/** The things and the weather on nothing, to lay over a photo. */
export function drawOverlaySvg(plan: Plan, composition: Composition, seed: number, size: PixelSize): string {
  const scenery = beginScenery(plan, composition, seed);
  const tint = tintFilter(scenery.svg, scenery.light);
  for (const placement of composition.placements) scenery.svg.add(drawThing(scenery, placement, tint));
  paintWeather(scenery);
  return scenery.svg.toSvg(size.width, size.height);
}

/** @param size of the SVG's raster; the drawing itself is the same at every size. */
export function drawSvg(plan: Plan, composition: Composition, seed: number, size: PixelSize): string {
  const scenery = beginScenery(plan, composition, seed);
  paintBackdrop(scenery);
  paintFeatures(scenery);
  const tint = tintFilter(scenery.svg, scenery.light);
  for (const placement of composition.placements) scenery.svg.add(drawThing(scenery, placement, tint));
  paintWeather(scenery);
  if (hasVignette(plan.style)) paintVignette(scenery.svg, composition);
  return scenery.svg.toSvg(size.width, size.height);
}
