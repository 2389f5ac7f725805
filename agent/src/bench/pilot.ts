import { EngineTask } from "@star-graph/shared/rest/generate";
import type { TaskType } from "@star-graph/shared/task";

/** Side of the pilot's pictures: what every model of the field can draw, and quick on a GPU. */
const SIDE = 512;

/**
 * A small task of each type, as an edge would give it. Another seed has other words too and is as much work:
 * an engine that keeps what it made of the same task would be measured at finding that again.
 */
export function pilotTask(type: TaskType, model: string, seed: number): EngineTask {
  const prompt = `a lighthouse on a cliff at sunset, picture ${seed}`;
  const drawn = { prompt, modelName: model, width: SIDE, height: SIDE, steps: 10, seed };
  const picture = { imageWidth: SIDE, imageHeight: SIDE };
  const filmed = { ...drawn, duration: 1, fps: 8 };
  switch (type) {
    case "TEXT2IMG":
      return EngineTask.parse({ type, parameters: drawn });
    case "IMG2IMG":
    case "POSE":
      return EngineTask.parse({ type, parameters: { ...drawn, ...picture } });
    case "UPSCALE":
      return EngineTask.parse({ type, parameters: { model, scaleFactor: 2, ...picture } });
    case "TEXT2VIDEO":
      return EngineTask.parse({ type, parameters: filmed });
    case "IMG2VIDEO":
      return EngineTask.parse({ type, parameters: { ...filmed, ...picture } });
  }
}

/** A picture for the types that work on one: soft colours and a few edges, made here. Neighbouring seeds have others. */
export async function pilotPicture(seed: number): Promise<Uint8Array> {
  const { PNG } = await import("pngjs");
  const png = new PNG({ width: SIDE, height: SIDE });
  for (let y = 0; y < SIDE; y++) {
    for (let x = 0; x < SIDE; x++) {
      const isFigure = Math.hypot(x - SIDE / 2, y - SIDE / 2) < SIDE / 4;
      png.data.set([isFigure ? 200 : x / 2, isFigure ? 120 : y / 2, seed % 256, 255], (y * SIDE + x) * 4);
    }
  }
  return PNG.sync.write(png);
}
