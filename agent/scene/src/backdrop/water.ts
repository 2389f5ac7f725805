/** Grounds of water: open sea, lake, beach, and the world under the surface. */
import { mix } from "../color.ts";
import { lit } from "../light.ts";
import { BEACH_WATER_SHARE, LAKE_BANK_TOP } from "../elevation.ts";
import { circle, ellipse, num, land, path, rect } from "../svg-canvas.ts";
import { landPath, rollingOutline } from "./ridge.ts";
import { randomOf, type Scenery } from "./scenery.ts";
import { paintSky } from "./sky.ts";

const GLINTS_PER_THOUSAND_UNITS = 60;

function waterColors(scenery: Scenery, colors: readonly string[]): { far: string; near: string } {
  const [far = "#4fb4e8", near = "#0d4f9e"] = colors;
  return { far: mix(lit(far, scenery.light), scenery.light.sky[2], 0.3), near: lit(near, scenery.light) };
}

/** Flat water that mirrors the lower sky. */
function paintWater(scenery: Scenery, top: number, bottom: number, colors: readonly string[]): void {
  const { svg, composition, light, plan } = scenery;
  const { width } = composition.frame;
  const { far, near } = waterColors(scenery, colors);
  svg.add(
    rect(
      0,
      top,
      width,
      bottom - top,
      svg.verticalGradient([
        [0, far],
        [1, near],
      ]),
    ),
  );
  const random = randomOf(scenery, "glints");
  const count = Math.round((width / 1000) * GLINTS_PER_THOUSAND_UNITS);
  for (let glint = 0; glint < count; glint += 1) {
    const nearness = random.next();
    const y = top + 4 + (bottom - top - 8) * nearness ** 1.3;
    const length = (12 + 50 * nearness) * random.between(0.5, 1.5);
    svg.add(
      ellipse(
        random.next() * width,
        y,
        length,
        1 + 1.6 * nearness,
        mix(light.sky[2], "#ffffff", 0.4),
        `opacity="${num(random.between(0.12, 0.42))}"`,
      ),
    );
  }
  if (plan.time !== "day" && plan.time !== "neon") paintLightPath(scenery, top, bottom);
}

/** The column of broken light under a low sun or a moon. */
function paintLightPath(scenery: Scenery, top: number, bottom: number): void {
  const { svg, composition, plan } = scenery;
  const { width } = composition.frame;
  const random = randomOf(scenery, "light path");
  const isSunset = plan.time === "sunset";
  const x = width * (composition.layout.light > 0 ? (isSunset ? 0.78 : 0.8) : isSunset ? 0.22 : 0.2);
  for (let y = top + 5; y < bottom; y += 9) {
    const depth = (y - top) / (bottom - top);
    const length = (24 + 70 * depth) * random.between(0.4, 1);
    svg.add(
      ellipse(
        x + random.between(-22, 22) * (0.4 + depth),
        y,
        length,
        2.6,
        isSunset ? "#ffdf9a" : "#e6ecff",
        `opacity="${num(0.6 - 0.35 * depth)}"`,
      ),
    );
  }
}

export function paintSea(scenery: Scenery): void {
  const { svg, plan, composition } = scenery;
  const { frame, horizon } = composition;
  paintSky(scenery, horizon);
  paintWater(scenery, horizon, frame.height, plan.place.colors);
  const random = randomOf(scenery, "waves");
  const { near } = waterColors(scenery, plan.place.colors);
  for (let wave = 0; wave < 3; wave += 1) {
    const y = horizon + (frame.height - horizon) * (0.5 + wave * 0.2);
    const outline = rollingOutline(y, 9 + 4 * wave, 5 - wave, random);
    svg.add(land(landPath(outline, frame, 10), mix(near, "#ffffff", 0.12 - 0.04 * wave), 'opacity=".45"'));
  }
}

export function paintLake(scenery: Scenery): void {
  const { svg, plan, composition, light } = scenery;
  const { frame, horizon } = composition;
  paintSky(scenery, horizon + 10);
  const random = randomOf(scenery, "far shore");
  for (const [index, color] of ["#8fb7c4", "#6d9f7d", "#4c8459"].entries()) {
    const outline = rollingOutline(horizon - 70 + index * 28, 34 - index * 8, 0.9 + index * 0.5, random);
    svg.add(land(landPath(outline, frame), mix(lit(color, light), light.sky[2], 0.4 - 0.15 * index)));
  }
  paintWater(scenery, horizon, frame.height, plan.place.colors);
  const bank = rollingOutline(frame.height * (LAKE_BANK_TOP + 0.02), 12, 1.1, random);
  svg.add(
    land(
      landPath(bank, frame),
      svg.verticalGradient([
        [0, lit("#9bd266", light)],
        [1, lit("#4c9440", light)],
      ]),
    ),
  );
  for (let reed = 0; reed < frame.width / 28; reed += 1) {
    const x = random.next() * frame.width;
    const y = bank(x) + random.between(6, frame.height * 0.1);
    const size = random.between(18, 46);
    svg.add(
      `<path d="M${num(x)} ${num(y)}q4 ${num(-size * 0.6)} ${num(random.between(-10, 14))} ${num(-size)}" stroke="${lit("#3f8a3c", light)}" stroke-width="3" fill="none" stroke-linecap="round"/>`,
    );
  }
}

export function paintBeach(scenery: Scenery): void {
  const { svg, plan, composition, light } = scenery;
  const { frame, horizon } = composition;
  paintSky(scenery, horizon);
  const shore = horizon + BEACH_WATER_SHARE * frame.height;
  paintWater(scenery, horizon, shore + 40, plan.place.water ?? []);
  const random = randomOf(scenery, "shore");
  const outline = rollingOutline(shore, 12, 1.2, random);
  const [far = "#fbe8bc", near = "#e0b878"] = plan.place.colors;
  svg.add(
    land(
      landPath((x) => outline(x) - 13, frame),
      "#ffffff",
      'opacity=".75"',
    ),
  );
  svg.add(
    land(
      landPath((x) => outline(x) - 3, frame),
      lit("#d8bd8a", light),
    ),
  );
  svg.add(
    land(
      landPath((x) => outline(x) + 9, frame),
      svg.verticalGradient([
        [0, lit(far, light)],
        [1, lit(near, light)],
      ]),
    ),
  );
  for (let grain = 0; grain < frame.width / 9; grain += 1) {
    const y = shore + 40 + (frame.height - shore - 40) * random.next();
    svg.add(circle(random.next() * frame.width, y, random.between(0.8, 2.2), lit("#b98d4f", light), 'opacity=".35"'));
  }
}

const WATER_DEPTHS = {
  day: ["#5fd0f0", "#1f7fc8", "#0b3f86"],
  sunset: ["#f0a87f", "#5f62b0", "#1f2a6e"],
  night: ["#1f4f8f", "#0f2a66", "#060f38"],
  neon: ["#b04fd0", "#4a1f8f", "#160838"],
} as const;

export function paintUnderwater(scenery: Scenery): void {
  const { svg, plan, composition, light } = scenery;
  const { frame } = composition;
  const [top, middle, bottom] = WATER_DEPTHS[plan.time];
  svg.add(
    rect(
      0,
      0,
      frame.width,
      frame.height,
      svg.verticalGradient([
        [0, top],
        [0.5, middle],
        [1, bottom],
      ]),
    ),
  );
  const random = randomOf(scenery, "under water");
  const ray = svg.verticalGradient([
    [0, "#ffffff", 0.3],
    [1, "#ffffff", 0],
  ]);
  for (let index = 0; index < 6; index += 1) {
    const x = ((index + random.next()) / 6) * frame.width;
    const spread = random.between(40, 110);
    svg.add(path(`M${num(x)} 0h${num(spread * 0.5)}L${num(x + spread - 160)} ${num(frame.height * 0.85)}h${num(-spread * 1.6)}Z`, ray));
  }
  const far = rollingOutline(frame.height * 0.86, 26, 1.2, random);
  svg.add(land(landPath(far, frame), mix(middle, "#3f6f8f", 0.5)));
  paintSeaweed(scenery, 0.9);
  const near = rollingOutline(frame.height * 0.925, 16, 0.9, random);
  const [sand = "#d8c48c", shade = "#6d8a7a"] = plan.place.colors;
  svg.add(
    land(
      landPath(near, frame),
      svg.verticalGradient([
        [0, lit(sand, light)],
        [1, lit(shade, light)],
      ]),
    ),
  );
  for (let bubble = 0; bubble < frame.width / 28; bubble += 1) {
    const radius = random.between(2, 11);
    svg.add(
      circle(
        random.next() * frame.width,
        random.next() * frame.height * 0.85,
        radius,
        "#ffffff",
        'fill-opacity=".14" stroke="#fff" stroke-opacity=".5" stroke-width="1.2"',
      ),
    );
  }
}

function paintSeaweed(scenery: Scenery, footShare: number): void {
  const { svg, composition, light } = scenery;
  const { frame } = composition;
  const random = randomOf(scenery, "seaweed");
  for (let weed = 0; weed < frame.width / 60; weed += 1) {
    const x = random.next() * frame.width;
    const y = frame.height * (footShare + 0.05);
    const size = random.between(70, 190);
    const bend = random.between(-26, 26);
    const color = lit(random.pick(["#2f8f6b", "#3fa36f", "#237a72", "#a04f6f"]) ?? "#2f8f6b", light);
    svg.add(
      `<path d="M${num(x)} ${num(y)}c${num(bend)} ${num(-size * 0.35)} ${num(-bend)} ${num(-size * 0.65)} ${num(bend * 0.6)} ${num(-size)}" stroke="${color}" stroke-width="${num(random.between(6, 12))}" fill="none" stroke-linecap="round" opacity=".8"/>`,
    );
  }
}
