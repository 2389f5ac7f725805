/** Grounds of earth: meadow, forest, mountains, snow and dunes. */
import { mix } from "../color.ts";
import { lit } from "../light.ts";
import type { Random } from "../random.ts";
import { circle, num, land, path } from "../svg-canvas.ts";
import { landPath, peakOutline, rollingOutline, type Outline } from "./ridge.ts";
import { randomOf, type Scenery } from "./scenery.ts";
import { paintSky } from "./sky.ts";

const BLADES_PER_THOUSAND_UNITS = 46;
const FLOWERS_PER_THOUSAND_UNITS = 26;

function groundColors(scenery: Scenery): { far: string; near: string } {
  const [far = "#9fda6a", near = "#3f9a45"] = scenery.plan.place.colors;
  return { far: lit(far, scenery.light), near: lit(near, scenery.light) };
}

/** The hazier, the farther: distant land takes the colour of the lower sky. */
function hazy(scenery: Scenery, color: string, share: number): string {
  return mix(lit(color, scenery.light), scenery.light.sky[2], share);
}

/** The ground that objects stand on, from the horizon to the lower edge. */
function paintGround(scenery: Scenery, outline: Outline): void {
  const { svg, composition } = scenery;
  const { far, near } = groundColors(scenery);
  const fill = svg.verticalGradient([
    [0, far],
    [1, near],
  ]);
  svg.add(land(landPath(outline, composition.frame), fill));
}

function groundOutline(scenery: Scenery): Outline {
  const { horizon, layout } = scenery.composition;
  const random = randomOf(scenery, "ground");
  // The model's own roll of the ground shifts and scales the hills.
  const amplitude = 14 + 10 * Math.min(2, Math.abs(layout.rollHeight));
  const rolling = rollingOutline(horizon, amplitude, 0.9, random);
  return (x) => rolling(x + layout.rollPhase * 120);
}

function paintHills(scenery: Scenery, count: number): void {
  const { svg, composition } = scenery;
  const random = randomOf(scenery, "hills");
  const { near } = groundColors(scenery);
  for (let hill = 0; hill < count; hill += 1) {
    const share = (count - hill) / (count + 1);
    const outline = rollingOutline(composition.horizon - 20 - 55 * share, 40, 0.8 + 0.5 * share, random);
    svg.add(land(landPath(outline, composition.frame), mix(near, scenery.light.sky[2], 0.3 + 0.5 * share)));
  }
}

function paintBlades(scenery: Scenery, top: number): void {
  const { svg, composition } = scenery;
  const { width, height } = composition.frame;
  const random = randomOf(scenery, "grass");
  const { far, near } = groundColors(scenery);
  const count = Math.round((width / 1000) * BLADES_PER_THOUSAND_UNITS);
  for (let blade = 0; blade < count; blade += 1) {
    const x = random.next() * width;
    const nearness = random.next() ** 0.7;
    const y = top + (height - top) * nearness;
    const size = 8 + 20 * nearness;
    const data = [-0.5, 0, 0.55]
      .map(
        (lean) =>
          `M${num(x + lean * 6)} ${num(y)}q${num(lean * size * 0.2)} ${num(-size * 0.6)} ${num(lean * size)} ${num(-size)}q${num(-lean * size * 0.2)} ${num(size * 0.5)} ${num(-lean * size + 3)} ${num(size)}z`,
      )
      .join("");
    svg.add(path(data, mix(near, far, random.between(0.05, 0.6)), 'opacity=".75"'));
  }
}

function paintFlowers(scenery: Scenery, top: number, colors: readonly string[]): void {
  const { svg, composition, light } = scenery;
  const { width, height } = composition.frame;
  const random = randomOf(scenery, "flowers");
  const count = Math.round((width / 1000) * FLOWERS_PER_THOUSAND_UNITS);
  for (let flower = 0; flower < count; flower += 1) {
    const nearness = random.next();
    const y = top + (height - top) * nearness;
    const size = 2.5 + 5.5 * nearness;
    svg.add(flowerMarkup(random.next() * width, y, size, lit(random.pick(colors) ?? "#ffffff", light), lit("#ffd23c", light)));
  }
}

function flowerMarkup(x: number, y: number, size: number, petals: string, centre: string): string {
  const ring = [0, 1, 2, 3, 4].map((petal) => {
    const angle = (petal / 5) * 2 * Math.PI;
    return circle(x + Math.cos(angle) * size, y + Math.sin(angle) * size * 0.8, size * 0.72, petals);
  });
  return ring.join("") + circle(x, y, size * 0.6, centre);
}

export function paintMeadow(scenery: Scenery): void {
  const { plan, composition } = scenery;
  paintSky(scenery, composition.horizon + 60);
  paintHills(scenery, 2);
  const { trees } = plan.place;
  if (trees) paintTreeRows(scenery, trees, composition.horizon * 0.5, false, 170);
  paintGround(scenery, groundOutline(scenery));
  const top = composition.horizon + 50;
  paintBlades(scenery, top);
  if (plan.place.flowers?.length) paintFlowers(scenery, top, plan.place.flowers);
}

function pineMarkup(x: number, foot: number, height: number, fill: string): string {
  const half = height * 0.24;
  const tiers = [0, 1, 2].map((tier) => {
    const bottom = foot - height * 0.08 - tier * height * 0.24;
    const width = half * (1 - tier * 0.24);
    return `M${num(x - width)} ${num(bottom)}L${num(x)} ${num(bottom - height * 0.44)}L${num(x + width)} ${num(bottom)}Z`;
  });
  return path(`${tiers.join("")}M${num(x - 4)} ${num(foot)}v${num(-height * 0.12)}h8v${num(height * 0.12)}z`, fill);
}

function leafTreeMarkup(x: number, foot: number, height: number, fill: string, random: Random): string {
  const crown = [-0.2, 0.02, 0.2].map((side, index) =>
    circle(x + side * height, foot - height * (index === 1 ? 0.7 : 0.52), height * random.between(0.22, 0.28), fill),
  );
  return (
    crown.join("") + path(`M${num(x - height * 0.03)} ${num(foot)}v${num(-height * 0.4)}h${num(height * 0.06)}v${num(height * 0.4)}z`, fill)
  );
}

/** Rows of trees, farther rows paler. */
function paintTreeRows(scenery: Scenery, colors: readonly string[], tallest: number, isPine: boolean, spacing: number): void {
  const { svg, composition } = scenery;
  const { width } = composition.frame;
  const random = randomOf(scenery, "trees");
  colors.forEach((color, row) => {
    const nearness = (row + 1) / colors.length;
    const fill = hazy(scenery, color, 0.35 * (1 - nearness));
    let trees = "";
    const step = spacing * (0.7 + 0.5 * nearness);
    for (let x = random.between(-step, 0); x < width + step; x += step * random.between(0.7, 1.3)) {
      const height = tallest * (1.15 - 0.3 * nearness) * random.between(0.75, 1.15);
      const foot = composition.horizon + 18 + 22 * nearness;
      trees += isPine ? pineMarkup(x, foot, height, fill) : leafTreeMarkup(x, foot, height, fill, random);
    }
    svg.add(`<g class="land">${trees}</g>`);
  });
}

export function paintForest(scenery: Scenery): void {
  const { plan, composition } = scenery;
  paintSky(scenery, composition.horizon + 60);
  const isPine = plan.place.id === "forest";
  paintTreeRows(scenery, plan.place.trees ?? [], composition.horizon * 0.62, isPine, isPine ? 78 : 120);
  const outline = groundOutline(scenery);
  paintGround(scenery, (x) => outline(x) + 20);
  paintBlades(scenery, composition.horizon + 60);
}

export function paintSnow(scenery: Scenery): void {
  const { plan, composition } = scenery;
  paintSky(scenery, composition.horizon + 60);
  paintHills(scenery, 2);
  paintTreeRows(scenery, plan.place.trees ?? [], composition.horizon * 0.34, true, 92);
  const outline = groundOutline(scenery);
  paintGround(scenery, (x) => outline(x) + 18);
}

export function paintMountains(scenery: Scenery): void {
  const { svg, plan, composition } = scenery;
  const { frame, horizon } = composition;
  paintSky(scenery, horizon + 60);
  const random = randomOf(scenery, "peaks");
  const ridges = plan.place.ridges ?? [];
  ridges.forEach((color, index) => {
    const nearness = (index + 1) / ridges.length;
    const outline = peakOutline(horizon + 40, horizon * (0.78 - 0.22 * nearness), frame, random);
    const rock = hazy(scenery, color, 0.5 * (1 - nearness));
    const fill = svg.verticalGradient([
      [0, rock],
      [1, mix(rock, scenery.light.sky[2], 0.55)],
    ]);
    svg.add(land(landPath(outline, frame, 8), fill));
    svg.add(snowCaps(scenery, outline, horizon * (0.42 + 0.1 * index)));
  });
  paintHills(scenery, 1);
  paintGround(scenery, groundOutline(scenery));
  paintBlades(scenery, horizon + 50);
}

/** White down to a ragged snow line. @param snowLine frame units from the top. */
function snowCaps(scenery: Scenery, outline: Outline, snowLine: number): string {
  const { frame } = scenery.composition;
  const random = randomOf(scenery, `snow line ${snowLine}`);
  const points: string[] = [];
  const lower: string[] = [];
  for (let x = 0; x <= frame.width + 8; x += 8) {
    const top = outline(x);
    const edge = Math.max(top, Math.min(snowLine, top + 70) + random.between(-16, 16));
    points.push(`${num(x)} ${num(top)}`);
    lower.unshift(`${num(x)} ${num(top < snowLine ? edge : top)}`);
  }
  return path(`M${points.join("L")}L${lower.join("L")}Z`, lit("#ffffff", scenery.light), 'opacity=".85"');
}

export function paintDunes(scenery: Scenery): void {
  const { svg, composition } = scenery;
  const { frame, horizon } = composition;
  paintSky(scenery, horizon + 60);
  const random = randomOf(scenery, "dunes");
  const { far, near } = groundColors(scenery);
  const rows = 4;
  for (let row = 0; row < rows; row += 1) {
    const nearness = row / (rows - 1);
    const y = horizon - 25 + (frame.height - horizon) * 0.62 * nearness ** 1.4;
    const outline = rollingOutline(y, 22 + 26 * nearness, 1.1 - 0.5 * nearness, random);
    const crest = mix(hazy(scenery, "#f6cf86", 0.3 * (1 - nearness)), far, nearness);
    svg.add(
      land(
        landPath(outline, frame),
        svg.verticalGradient([
          [0, crest],
          [0.5, mix(far, near, 0.35 + 0.3 * nearness)],
          [1, near],
        ]),
      ),
    );
  }
}
