/** The layout network behind a plain function: noisy layouts in, predicted clean layouts out. */
import { SLOT_COUNT } from "./plan.ts";
import { loadRuntime, type RuntimeName } from "./runtime.ts";

/** Numbers per slot: x, y, log scale, tilt; for slot 0 horizon, wave phase, wave height, light. */
export const SLOT_SIZE = 4;
export const LATENT_SIZE = SLOT_COUNT * SLOT_SIZE;

interface LayoutQuery {
  latent: Float32Array;
  /** 0 = pure noise, 1 = clean. */
  time: number;
  /** Category of each slot, 0 = empty (see conditioning.ts). */
  categories: readonly number[];
  scene: number;
}

export interface LayoutModel {
  readonly runtime: RuntimeName;
  /** @returns one predicted clean latent per query. */
  predict(queries: readonly LayoutQuery[]): Promise<Float32Array[]>;
  close(): Promise<void>;
}

function toInt64(numbers: readonly number[]): BigInt64Array {
  return BigInt64Array.from(numbers.map(BigInt));
}

export async function loadLayoutModel(weights: Uint8Array): Promise<LayoutModel> {
  const { name, ort, session } = await loadRuntime(weights);
  // The WebAssembly session keeps the arguments of a run on its stack across an await, so a second run
  // must not start inside the first one.
  let lastRun: Promise<unknown> = Promise.resolve();

  const runAlone = async (queries: readonly LayoutQuery[]): Promise<Float32Array[]> => {
    const count = queries.length;
    const latents = new Float32Array(count * LATENT_SIZE);
    queries.forEach((query, index) => latents.set(query.latent, index * LATENT_SIZE));
    const outputs = await session.run({
      z: new ort.Tensor("float32", latents, [count, SLOT_COUNT, SLOT_SIZE]),
      t: new ort.Tensor(
        "float32",
        Float32Array.from(queries, (query) => query.time),
        [count],
      ),
      cat: new ort.Tensor("int64", toInt64(queries.flatMap((query) => query.categories)), [count, SLOT_COUNT]),
      sc: new ort.Tensor("int64", toInt64(queries.map((query) => query.scene)), [count]),
    });
    const clean = outputs["x0"]?.data;
    if (!(clean instanceof Float32Array)) throw new Error("the layout model gave no layout");
    return queries.map((_, index) => clean.slice(index * LATENT_SIZE, (index + 1) * LATENT_SIZE));
  };

  return {
    runtime: name,
    predict: (queries) => {
      const run = lastRun.then(() => runAlone(queries));
      lastRun = run.catch(() => undefined);
      return run;
    },
    close: async () => {
      await lastRun;
      await session.release();
    },
  };
}
