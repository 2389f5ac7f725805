/** Sky, stars, clouds, and the sun or moon when nobody asked for one by name. */
import { mix } from "../color.ts";
import type { Plan } from "../plan.ts";
import type { Random } from "../random.ts";
import { circle, ellipse, num, path, rect } from "../svg-canvas.ts";
import { randomOf, type Scenery } from "./scenery.ts";

const STARS_PER_MILLION_SQUARE_UNITS = 130;
const SKY_LIGHTS = /sun|moon|star/;
const CLOUD_COLORS = { day: "#ffffff", sunset: "#ffd3c4", night: "#5566a8", neon: "#7d3aa8" } as const;
const CLOUD_OPACITY = { day: 0.92, sunset: 0.6, night: 0.28, neon: 0.25 } as const;

export function paintStars(scenery: Scenery, bottom: number): void {
  const { svg, composition } = scenery;
  const { width } = composition.frame;
  const random = randomOf(scenery, "stars");
  const count = Math.round(((width * bottom) / 1e6) * STARS_PER_MILLION_SQUARE_UNITS);
  for (let star = 0; star < count; star += 1) {
    const nearTop = random.next() ** 1.4;
    const radius = 0.8 + random.next() ** 4 * 3;
    const opacity = num(random.between(0.35, 1));
    svg.add(circle(random.next() * width, nearTop * bottom, radius, "#fff", `opacity="${opacity}"`));
  }
}

/** A cumulus: round puffs over a flat base. @param size its width. */
function cloudMarkup(x: number, y: number, size: number, fill: string, opacity: number, random: Random): string {
  const puffs: string[] = [];
  const count = 5;
  for (let puff = 0; puff < count; puff += 1) {
    const along = (puff + 0.5) / count;
    const swell = Math.sin(along * Math.PI);
    const radius = size * (0.09 + 0.11 * swell) * random.between(0.85, 1.15);
    puffs.push(circle(x + (along - 0.5) * size * 0.8, y - radius * 0.75, radius, fill));
  }
  const base = `<rect x="${num(x - size * 0.46)}" y="${num(y - size * 0.12)}" width="${num(size * 0.92)}" height="${num(size * 0.12)}" rx="${num(size * 0.06)}" fill="${fill}"/>`;
  return `<g class="land" opacity="${num(opacity)}">${puffs.join("")}${base}</g>`;
}

export function paintClouds(scenery: Scenery, bottom: number): void {
  const { svg, plan, composition } = scenery;
  if (hidesTheSky(plan)) return;
  const { width } = composition.frame;
  const random = randomOf(scenery, "clouds");
  const isRaining = plan.weather === "rain" || plan.weather === "storm";
  const color = isRaining ? "#8797a8" : CLOUD_COLORS[plan.time];
  const count = Math.round((width / 1000) * (isRaining ? 6 : 3)) + (random.next() < 0.5 ? 1 : 0);
  for (let cloud = 0; cloud < count; cloud += 1) {
    const nearness = random.between(0.35, 1);
    const x = ((cloud + random.between(0.1, 0.9)) / count) * width;
    const y = bottom * random.between(0.12, isRaining ? 0.4 : 0.62);
    svg.add(cloudMarkup(x, y, 90 + 190 * nearness, color, CLOUD_OPACITY[plan.time] * nearness, random));
  }
}

function paintSun(scenery: Scenery, bottom: number): void {
  const { svg, plan, composition } = scenery;
  const { width } = composition.frame;
  const isLow = plan.time === "sunset";
  const x = width * (composition.layout.light > 0 ? 0.78 : 0.22);
  const y = isLow ? bottom * 0.86 : bottom * 0.24;
  const radius = isLow ? 78 : 46;
  const glow = svg.radialGradient([
    [0, isLow ? "#fff0b8" : "#ffffff", 0.95],
    [0.25, isLow ? "#ffc56e" : "#fff6cf", 0.55],
    [1, isLow ? "#ff8f5a" : "#ffffff", 0],
  ]);
  svg.add(circle(x, y, radius * (isLow ? 5.5 : 5), glow));
  const disc = svg.verticalGradient(
    isLow
      ? [
          [0, "#fff3c4"],
          [1, "#ffb45e"],
        ]
      : [
          [0, "#fffbe6"],
          [1, "#ffe38a"],
        ],
  );
  svg.add(circle(x, y, radius, disc));
}

function paintMoon(scenery: Scenery, bottom: number): void {
  const { svg, composition } = scenery;
  const x = composition.frame.width * (composition.layout.light > 0 ? 0.8 : 0.2);
  const y = bottom * 0.17;
  const radius = 50;
  svg.add(
    circle(
      x,
      y,
      radius * 4,
      svg.radialGradient([
        [0, "#e9efff", 0.5],
        [1, "#aebfff", 0],
      ]),
    ),
  );
  const mask = svg.freshId();
  svg.define(
    `<mask id="${mask}">${circle(x, y, radius, "#fff")}${circle(x - radius * 0.42, y - radius * 0.2, radius * 0.86, "#000")}</mask>`,
  );
  svg.add(circle(x, y, radius, "#fdf6d8", `mask="url(#${mask})"`));
}

/** @param bottom where the sky ends, in frame units. */
export function paintSky(scenery: Scenery, bottom: number): void {
  const { svg, plan, composition, light } = scenery;
  const { width } = composition.frame;
  const gradient = svg.verticalGradient([
    [0, light.sky[0]],
    [0.55, light.sky[1]],
    [1, light.sky[2]],
  ]);
  svg.add(rect(0, 0, width, bottom + 2, gradient));
  const hasOwnLight = plan.slots.some((slot) => slot?.isWished && SKY_LIGHTS.test(slot.concept.art));
  const isOvercast = plan.weather === "rain" || plan.weather === "storm" || plan.weather === "fog";
  if (light.isDark && !isOvercast) paintStars(scenery, bottom);
  if (!hasOwnLight && !isOvercast && !hidesTheSky(plan)) {
    if (plan.time === "night") paintMoon(scenery, bottom);
    else if (plan.time !== "neon") paintSun(scenery, bottom);
  }
  if (plan.time === "sunset") paintStreaks(scenery, bottom);
  if (scenery.hasClouds !== false) paintClouds(scenery, bottom);
}

/** No sun shines in a cave, and the moon has none of its own. */
function hidesTheSky(plan: Plan): boolean {
  return plan.place.skies !== undefined;
}

/** Long thin clouds over an evening. */
function paintStreaks(scenery: Scenery, bottom: number): void {
  const { svg, composition } = scenery;
  const { width } = composition.frame;
  const random = randomOf(scenery, "streaks");
  for (let streak = 0; streak < 7; streak += 1) {
    const length = random.between(0.15, 0.5) * width;
    const y = bottom * random.between(0.35, 0.9);
    svg.add(ellipse(random.next() * width, y, length / 2, random.between(3, 9), "#ffe0b0", 'opacity=".35"'));
  }
}

/** A whole picture of sky: banks of cloud fill its lower part. */
export function paintCloudSea(scenery: Scenery): void {
  const { svg, plan, composition } = scenery;
  const { width, height } = composition.frame;
  paintSky(scenery, height);
  const random = randomOf(scenery, "cloud sea");
  for (let row = 0; row < 4; row += 1) {
    const y = height * (0.8 + row * 0.09);
    const fill = mix(scenery.light.sky[1], CLOUD_COLORS[plan.time], 0.45 + row * 0.18);
    for (let x = -80; x < width + 160; x += 170) {
      const size = random.between(300, 430);
      svg.add(cloudMarkup(x + random.between(-40, 40), y + random.between(-25, 25), size, fill, 0.8, random));
    }
    svg.add(path(`M0 ${num(y)}H${num(width)}V${num(height)}H0Z`, fill, 'opacity=".8"'));
  }
}
