/** Weather and motes that move through the frames. */
import { randomFor } from "../random.ts";
import type { WeatherName } from "../vocabulary.ts";
import { paintDot, type Frame } from "./canvas.ts";
import type { Timeline } from "./motion.ts";

interface ParticleKind {
  /** For a frame of a million pixels. */
  perMillion: number;
  /** Heights of the frame that one falls in a second. */
  fall: number;
  /** Widths of the frame that it drifts in a second. */
  drift: number;
  /** Shares of the short side. */
  radius: readonly [least: number, most: number];
  stretch: number;
  colors: readonly (readonly number[])[];
  opacity: number;
}

const RAIN: ParticleKind = {
  perMillion: 500,
  fall: 1.4,
  drift: 0,
  radius: [0.0016, 0.0026],
  stretch: 0.035,
  colors: [[226, 240, 255]],
  opacity: 0.75,
};

const WEATHER: Partial<Record<WeatherName, ParticleKind>> = {
  rain: RAIN,
  storm: { ...RAIN, perMillion: 800, fall: 1.8 },
  snowfall: { perMillion: 420, fall: 0.16, drift: 0.03, radius: [0.002, 0.008], stretch: 0, colors: [[255, 255, 255]], opacity: 0.95 },
  petals: {
    perMillion: 150,
    fall: 0.14,
    drift: 0.06,
    radius: [0.005, 0.011],
    stretch: 0,
    colors: [
      [255, 170, 205],
      [255, 208, 226],
    ],
    opacity: 1,
  },
  leaves: {
    perMillion: 130,
    fall: 0.18,
    drift: 0.08,
    radius: [0.006, 0.012],
    stretch: 0,
    colors: [
      [224, 120, 47],
      [184, 68, 42],
      [216, 160, 47],
    ],
    opacity: 1,
  },
};

const MOTES: ParticleKind = {
  perMillion: 260,
  fall: -0.05,
  drift: 0.02,
  radius: [0.004, 0.012],
  stretch: 0,
  colors: [
    [255, 246, 200],
    [255, 255, 255],
  ],
  opacity: 0.7,
};

export type ParticlePainter = (frame: Frame, share: number) => void;

/** Whole journeys in a loop, so that the last frame leads to the first. */
function journeys(perSecond: number, { duration, isLoop }: Timeline): number {
  const count = perSecond * duration;
  if (!isLoop || count === 0) return count;
  return Math.sign(count) * Math.max(1, Math.round(Math.abs(count)));
}

function painterOf(kind: ParticleKind, density: number, seed: number, timeline: Timeline): ParticlePainter {
  return (frame, share) => {
    const random = randomFor(seed, "particles");
    const side = Math.min(frame.width, frame.height);
    const count = Math.round(((frame.width * frame.height) / 1e6) * kind.perMillion * density);
    for (let index = 0; index < count; index += 1) {
      const speed = random.between(0.7, 1.3);
      const fall = journeys(kind.fall * speed, timeline) * share;
      const y = (((random.next() + fall) % 1) + 1) % 1;
      const sway =
        kind.drift === 0
          ? 0
          : Math.sin(2 * Math.PI * (share * Math.max(1, Math.round(timeline.duration * 0.4)) + random.next())) * kind.drift;
      const x = (((random.next() + sway) % 1) + 1) % 1;
      const radius = Math.max(1, random.between(...kind.radius) * side);
      const color = random.pick(kind.colors) ?? [255, 255, 255];
      paintDot(
        frame,
        x * frame.width,
        y * (frame.height + 2 * radius) - radius,
        radius,
        color,
        kind.opacity * random.between(0.5, 1),
        kind.stretch * side,
      );
    }
  };
}

export function weatherPainter(weather: WeatherName | undefined, seed: number, timeline: Timeline): ParticlePainter | null {
  const kind = weather && WEATHER[weather];
  return kind ? painterOf(kind, 0.5 + 0.5 * Math.min(1.5, timeline.amount), seed, timeline) : null;
}

/** @param level 0..1. */
export function motePainter(level: number, seed: number, timeline: Timeline): ParticlePainter | null {
  return level > 0 ? painterOf(MOTES, level, seed + 1, timeline) : null;
}
