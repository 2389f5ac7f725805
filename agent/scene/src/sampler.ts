/** Denoises a layout: Euler steps of a rectified flow from seeded noise to a clean layout. */
import { setImmediate as nextTurn } from "node:timers/promises";
import { unconditional, type Conditioning } from "./conditioning.ts";
import { LATENT_SIZE, type LayoutModel } from "./layout-model.ts";
import { randomFor } from "./random.ts";

/**
 * Image models are used at cfg 5-12, this one looks best at 1.5-3: one unit of cfgScale above 1 counts for
 * this much guidance. 7 becomes 2.2.
 */
const GUIDANCE_PER_CFG = 0.2;
/** The flow's velocity divides by the time left; near the end that would amplify the model's rounding. */
const SHORTEST_TIME_LEFT = 0.05;

/** Steps of the finished numbers: a fraction of a pixel. */
const LATENT_STEPS = 1024;

export interface SamplerSettings {
  /** 0 .. 2^53-1. */
  seed: number;
  steps: number;
  cfgScale: number;
  signal: Pick<AbortSignal, "throwIfAborted">;
  /** A clean layout to begin from instead of pure noise; `strength` 0 keeps it, 1 forgets it. */
  initial?: { clean: Float32Array; strength: number };
  /** Corrects each step's prediction in place, so that some things stay where a hint wants them. */
  guide?(clean: Float32Array): void;
  /** @param clean this step's prediction of the clean layout. */
  onStep(step: number, totalSteps: number, clean: Float32Array): void | Promise<void>;
}

/** How many of the steps are taken when the start is not pure noise. */
export function stepsTaken(steps: number, strength: number): number {
  return strength <= 0 ? 0 : Math.max(1, Math.round(steps * Math.min(1, strength)));
}

/** @throws the signal's reason, at most one step after it was aborted. */
export async function sampleLayout(model: LayoutModel, conditioning: Conditioning, settings: SamplerSettings): Promise<Float32Array> {
  const { seed, steps, cfgScale, signal } = settings;
  const random = randomFor(seed, "layout noise");
  const noise = Float32Array.from({ length: LATENT_SIZE }, () => random.gaussian());
  const { initial } = settings;
  const taken = stepsTaken(steps, initial?.strength ?? 1);
  const firstStep = steps - taken;
  const kept = initial ? firstStep / steps : 0;
  const latent = noise.map((value, index) => (initial ? (1 - kept) * value + kept * (initial.clean[index] ?? 0) : value));
  const guidance = 1 + (cfgScale - 1) * GUIDANCE_PER_CFG;
  const unguided = unconditional(conditioning);

  for (let step = firstStep; step < steps; step += 1) {
    signal.throwIfAborted();
    const time = step / steps;
    const [wanted, generic] = await model.predict([
      { latent, time, ...conditioning },
      { latent, time, ...unguided },
    ]);
    if (!wanted || !generic) throw new Error("the layout model dropped a query");
    const clean = generic.map((value, index) => value + guidance * ((wanted[index] ?? 0) - value));
    settings.guide?.(clean);
    const timeLeft = Math.max(1 - time, SHORTEST_TIME_LEFT);
    latent.forEach((value, index) => {
      latent[index] = value + ((clean[index] ?? 0) - value) / timeLeft / steps;
    });
    await settings.onStep(step - firstStep + 1, taken, clean);
    // Sockets and timers of this process get their turn; a cancel that arrived is seen right after.
    await nextTurn();
  }
  signal.throwIfAborted();
  settings.guide?.(latent);
  // The runtimes differ in the last bits of a float; rounded, they nearly always agree on the picture to the byte.
  return latent.map((value) => Math.round(value * LATENT_STEPS) / LATENT_STEPS);
}
