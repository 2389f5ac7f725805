/** What the hour and the weather do to colours. */
import { mix, multiply, type Rgb } from "./color.ts";
import type { Plan } from "./plan.ts";
import type { TimeName } from "./vocabulary.ts";

export interface Light {
  /** Sky colours from the top to the horizon. */
  sky: [string, string, string];
  /** Multiplies the colours of the ground and of everything that does not shine. */
  tint: Rgb;
  isDark: boolean;
}

const SKIES: Record<TimeName, [string, string, string]> = {
  day: ["#3f9ff0", "#9fd8fb", "#e6f6ff"],
  sunset: ["#43307f", "#d2587f", "#ffc074"],
  night: ["#070a2b", "#1b2766", "#4a5ba6"],
  neon: ["#110624", "#4a1170", "#d5338c"],
};
/** A day is not always the same blue; the plan picks one by seed. */
const USUAL_DAYS: [string, string, string][] = [
  ["#3f9ff0", "#9fd8fb", "#e6f6ff"],
  ["#5fb0e6", "#c2e4f2", "#fff1d8"],
  ["#2f80d4", "#74bdf0", "#d2ecfa"],
  ["#6aa6de", "#bcd6f0", "#f8eaf2"],
];
const DAY_SKIES: Record<string, [string, string, string]> = {
  snow: ["#7fb0dd", "#c4def2", "#f5faff"],
  desert: ["#4fb0ee", "#b5e0f5", "#fdebc4"],
  autumn: ["#6fb3e6", "#d3e6ea", "#ffe9c4"],
  spring: ["#6fbdf2", "#c6e6fb", "#fdeef5"],
  forest: ["#6fbfe0", "#c4ebe6", "#f0fbe6"],
};
const RAIN_SKY: [string, string, string] = ["#5c7086", "#94a6b6", "#c3ced6"];
const TINTS: Record<TimeName, Rgb> = {
  day: [1, 1, 1],
  sunset: [1, 0.82, 0.76],
  night: [0.5, 0.56, 0.84],
  neon: [0.66, 0.5, 0.92],
};
const RAIN_TINT: Rgb = [0.86, 0.9, 0.95];
const RAIN_SHARE_OF_SKY = 0.55;

export function lightFor(plan: Plan): Light {
  const { time, weather, place } = plan;
  const isUsualHour = time === "day" || time === place.hour;
  const clear =
    (isUsualHour ? place.skies : undefined) ?? (time === "day" ? (DAY_SKIES[place.id] ?? USUAL_DAYS[plan.sky]) : undefined) ?? SKIES[time];
  const isDark = time === "night" || time === "neon";
  if (place.ground === "space") return { sky: clear, tint: TINTS.day, isDark };
  if (weather !== "rain" && weather !== "fog" && weather !== "storm") return { sky: clear, tint: TINTS[time], isDark };
  const share = isDark ? RAIN_SHARE_OF_SKY / 3 : RAIN_SHARE_OF_SKY;
  const [red, green, blue] = TINTS[time];
  return {
    sky: [mix(clear[0], RAIN_SKY[0], share), mix(clear[1], RAIN_SKY[1], share), mix(clear[2], RAIN_SKY[2], share)],
    tint: [red * RAIN_TINT[0], green * RAIN_TINT[1], blue * RAIN_TINT[2]],
    isDark,
  };
}

export function lit(color: string, light: Light): string {
  return multiply(color, light.tint);
}
