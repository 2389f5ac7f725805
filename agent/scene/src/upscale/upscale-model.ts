/** A network that enlarges a tile, behind a plain function. */
import { loadRuntime } from "../runtime.ts";

export interface UpscaleModel {
  /** @param planes red, green and blue planes in 0..1. @returns the same, enlarged. */
  enlarge(planes: Float32Array, width: number, height: number): Promise<Float32Array>;
}

export async function loadUpscaleModel(weights: Uint8Array): Promise<UpscaleModel> {
  const { ort, session } = await loadRuntime(weights);
  const [input = "x"] = session.inputNames;
  const [output = "y"] = session.outputNames;
  let lastRun: Promise<unknown> = Promise.resolve();
  const runAlone = async (planes: Float32Array, width: number, height: number): Promise<Float32Array> => {
    const outputs = await session.run({ [input]: new ort.Tensor("float32", planes, [1, 3, height, width]) });
    const data = outputs[output]?.data;
    if (!(data instanceof Float32Array)) throw new Error("the upscaler gave no picture");
    return data;
  };
  return {
    enlarge: (planes, width, height) => {
      const run = lastRun.then(() => runAlone(planes, width, height));
      lastRun = run.catch(() => undefined);
      return run;
    },
  };
}
