/** Marks that show what a thing does or how it looks: halos, speed lines, notes, a rainbow over its colours. */
import type { Placement } from "./placement.ts";
import { circle, num, type SvgCanvas } from "./svg-canvas.ts";

const RAINBOW = ["#ff4f4f", "#ff9f3f", "#ffe04f", "#5fd86a", "#4fb0ff", "#8f6fff", "#e06fe0"];
const GHOST_OPACITY = 0.45;

function haloBehind(svg: SvgCanvas, { x, y, width, height }: Placement): string {
  const glow = svg.radialGradient([
    [0, "#fff6b8", 0.95],
    [0.45, "#ffe27a", 0.55],
    [1, "#ffd84f", 0],
  ]);
  return circle(x, y, Math.max(width, height) * 0.85, glow);
}

/** Lines behind a runner and dust at its feet. */
function speedLines({ x, y, width, height, isMirrored }: Placement): string {
  const back = isMirrored ? -1 : 1;
  const start = x + back * width * 0.56;
  const lines = [-0.3, -0.08, 0.16].map(
    (share, index) => `M${num(start)} ${num(y + share * height)}h${num(back * width * (0.3 + 0.12 * (index % 2)))}`,
  );
  const dust = [0.5, 0.68, 0.82].map((share, index) =>
    circle(x + back * width * share, y + height * 0.46, width * (0.07 - 0.015 * index), "#f4ead8", 'opacity=".8"'),
  );
  return `<path d="${lines.join("")}" stroke="#ffffff" stroke-width="${num(Math.max(4, width * 0.02))}" stroke-linecap="round" opacity=".85"/>${dust.join("")}`;
}

/** Bows on both sides of a dancer, as comics show swaying. */
function swayLines({ x, y, width, height }: Placement): string {
  const [reach, bow] = [height * 0.16, Math.max(10, width * 0.07)];
  const lines = [-1, 1].flatMap((side) =>
    [0.58, 0.68].map((share, index) => {
      const half = reach * (1 - 0.3 * index);
      return `M${num(x + side * width * share)} ${num(y - half)}q${num(side * bow)} ${num(half)} 0 ${num(half * 2)}`;
    }),
  );
  return `<path d="${lines.join("")}" stroke="#ffffff" stroke-width="${num(Math.max(4, width * 0.025))}" stroke-linecap="round" fill="none" opacity=".9"/>`;
}

function letters(text: readonly ("z" | "♪")[], { x, y, width, height, isMirrored }: Placement, color: string): string {
  const side = isMirrored ? 1 : -1;
  return text
    .map((letter, index) => {
      const size = Math.max(width, height) * (0.11 + 0.045 * index);
      const [left, top] = [x + side * width * (0.3 + 0.13 * index) - size * 0.3, y - height * (0.5 + 0.13 * index)];
      // Letters as paths: a machine without fonts would draw nothing.
      const data =
        letter === "z"
          ? `M0 0h${num(size * 0.6)}l${num(-size * 0.6)} ${num(size * 0.7)}h${num(size * 0.6)}`
          : `M0 ${num(size * 0.7)}v${num(-size * 0.7)}l${num(size * 0.4)} ${num(size * 0.12)}`;
      const head = letter === "z" ? "" : circle(left - size * 0.1, top + size * 0.7, size * 0.14, color);
      return `<path transform="translate(${num(left)} ${num(top)})" d="${data}" stroke="${color}" stroke-width="${num(size * 0.15)}" fill="none" stroke-linejoin="round" stroke-linecap="round"/>${head}`;
    })
    .join("");
}

/** Keeps the drawing's light and dark and replaces its hues with stripes. */
function rainbowOver(svg: SvgCanvas, drawing: string, { x, y, width, height }: Placement): string {
  const [mask, white, paint] = [svg.freshId(), svg.freshId(), svg.freshId()];
  svg.define(`<filter id="${white}"><feColorMatrix values="0 0 0 0 1 0 0 0 0 1 0 0 0 0 1 0 0 0 1 0"/></filter>`);
  svg.define(`<mask id="${mask}"><g filter="url(#${white})">${drawing}</g></mask>`);
  const stops = RAINBOW.map((color, index) => `<stop offset="${num(index / (RAINBOW.length - 1))}" stop-color="${color}"/>`).join("");
  // The rectangle is wider than the thing, for tilted ones; the stripes must all fall on the thing itself.
  const ends = `x1="${num(x - width * 0.45)}" y1="${num(y - height * 0.45)}" x2="${num(x + width * 0.45)}" y2="${num(y + height * 0.45)}"`;
  svg.define(`<linearGradient id="${paint}" gradientUnits="userSpaceOnUse" ${ends}>${stops}</linearGradient>`);
  return `${drawing}<g mask="url(#${mask})"><rect x="${num(x - width)}" y="${num(y - height)}" width="${num(width * 2)}" height="${num(height * 2)}" fill="url(#${paint})" opacity=".78"/></g>`;
}

export interface EffectMarkup {
  under: string;
  drawing: string;
  over: string;
}

/** @param drawing the thing's own markup. */
export function withEffects(svg: SvgCanvas, placement: Placement, drawing: string): EffectMarkup {
  const { action, look, color } = placement.object;
  const painted = color === "rainbow" ? rainbowOver(svg, drawing, placement) : drawing;
  const result: EffectMarkup = { under: "", drawing: painted, over: "" };
  if (look === "glowing") result.under = haloBehind(svg, placement);
  if (look === "ghostly") result.drawing = `<g opacity="${GHOST_OPACITY}">${painted}</g>`;
  if (action === "dancing") result.under += swayLines(placement);
  if (action === "running") result.under += speedLines(placement);
  if (action === "sleeping") result.over = letters(["z", "z", "z"], placement, "#ffffff");
  if (action === "singing" || action === "dancing") result.over = letters(["♪", "♪"], placement, "#4a3a6a");
  return result;
}
