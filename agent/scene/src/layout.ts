/** The latent of the layout model in plain fractions of a square picture. */
import { SLOT_SIZE } from "./layout-model.ts";
import { SLOT_COUNT } from "./plan.ts";

export interface SlotLayout {
  /** Centre, 0..1 from the left and from the top. */
  x: number;
  y: number;
  /** Side of the drawing's box as a share of the picture's side. */
  size: number;
  /** Degrees, clockwise. */
  tilt: number;
}

export interface Layout {
  /** 0..1 from the top. */
  horizon: number;
  /** Standard normal each: how the ground rolls, how high, and from which side the light comes. */
  rollPhase: number;
  rollHeight: number;
  light: number;
  /** Slots 1 and up; index 0 is unused. */
  slots: SlotLayout[];
}

// The scaling of the training program (tools/train/layout.py).
const POSITION_SCALE = 3.4;
const REFERENCE_SIZE = 0.25;
const LOG_SIZE_SCALE = 1.8;
const HORIZON_CENTRE = 0.58;
const HORIZON_SCALE = 9;
const DEGREES_PER_TILT = 6;

// A large cfgScale can push a latent far outside what was trained.
const LATENT_LIMIT = 4;
const SIZE_LIMITS = [0.05, 0.95] as const;
const HORIZON_LIMITS = [0.42, 0.74] as const;

export function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value));
}

export function readLayout(latent: Float32Array): Layout {
  const at = (slot: number, field: number): number => {
    const value = latent[slot * SLOT_SIZE + field] ?? 0;
    return Number.isFinite(value) ? clamp(value, -LATENT_LIMIT, LATENT_LIMIT) : 0;
  };
  return {
    horizon: clamp(HORIZON_CENTRE + at(0, 0) / HORIZON_SCALE, ...HORIZON_LIMITS),
    rollPhase: at(0, 1),
    rollHeight: at(0, 2),
    light: at(0, 3),
    slots: Array.from({ length: SLOT_COUNT }, (_, slot) => ({
      x: at(slot, 0) / POSITION_SCALE + 0.5,
      y: at(slot, 1) / POSITION_SCALE + 0.5,
      size: clamp(Math.exp(at(slot, 2) / LOG_SIZE_SCALE) * REFERENCE_SIZE, ...SIZE_LIMITS),
      tilt: at(slot, 3) * DEGREES_PER_TILT,
    })),
  };
}

/** The numbers of one slot for a centre and a size in fractions of the square picture: the inverse of `readLayout`. */
export function slotNumbers({ x, y, size, tilt }: SlotLayout): [number, number, number, number] {
  return [
    (x - 0.5) * POSITION_SCALE,
    (y - 0.5) * POSITION_SCALE,
    Math.log(clamp(size, ...SIZE_LIMITS) / REFERENCE_SIZE) * LOG_SIZE_SCALE,
    tilt / DEGREES_PER_TILT,
  ];
}

/** @param horizon 0..1 from the top. */
export function horizonNumber(horizon: number): number {
  return (clamp(horizon, ...HORIZON_LIMITS) - HORIZON_CENTRE) * HORIZON_SCALE;
}
