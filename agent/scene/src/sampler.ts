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

export interface SamplerSettings {
  /** 0 .. 2^53-1. */
  seed: number;
  steps: number;
  cfgScale: number;
  signal: AbortSignal;
  /** @param clean this step's prediction of the clean layout. */
  onStep(step: number, clean: Float32Array): void | Promise<void>;
}

/** @throws the signal's reason, at most one step after it was aborted. */
export async function sampleLayout(model: LayoutModel, conditioning: Conditioning, settings: SamplerSettings): Promise<Float32Array> {
  const { seed, steps, cfgScale, signal } = settings;
  const random = randomFor(seed, "layout noise");
  const latent = Float32Array.from({ length: LATENT_SIZE }, () => random.gaussian());
  const guidance = 1 + (cfgScale - 1) * GUIDANCE_PER_CFG;
  const unguided = unconditional(conditioning);

  for (let step = 0; step < steps; step += 1) {
    signal.throwIfAborted();
    const time = step / steps;
    const [wanted, generic] = await model.predict([
      { latent, time, ...conditioning },
      { latent, time, ...unguided },
    ]);
    if (!wanted || !generic) throw new Error("the layout model dropped a query");
    const clean = generic.map((value, index) => value + guidance * ((wanted[index] ?? 0) - value));
    const timeLeft = Math.max(1 - time, SHORTEST_TIME_LEFT);
    latent.forEach((value, index) => {
      latent[index] = value + ((clean[index] ?? 0) - value) / timeLeft / steps;
    });
    await settings.onStep(step + 1, clean);
    // Sockets and timers of this process get their turn; a cancel that arrived is seen right after.
    await nextTurn();
  }
  signal.throwIfAborted();
  return latent;
}
