import type { AgentModel } from "@star-graph/shared/agent-protocol";
import { EngineTask } from "@star-graph/shared/rest/generate";
import type { TaskType } from "@star-graph/shared/task";

/** Side of the pilot's pictures: what every model of the field can draw, and quick on a GPU. */
const SIDE = 512;

/**
 * A small task of each type, as an edge would give it. Another seed has other words too and is as much work:
 * an engine that keeps what it made of the same task would be measured at finding that again.
 */
export function pilotTask(type: TaskType, { name: model, features }: Pick<AgentModel, "name" | "features">, seed: number): EngineTask {
  const prompt = `a lighthouse on a cliff at sunset, picture ${seed}`;
  const drawn = { prompt, modelName: model, width: SIDE, height: SIDE, steps: 10, seed };
  const picture = { imageWidth: SIDE, imageHeight: SIDE };
  const filmed = { ...drawn, duration: 1, fps: 8 };
  switch (type) {
    case "TEXT2IMG":
      return EngineTask.parse({ type, parameters: drawn });
    case "IMG2IMG":
      return EngineTask.parse({ type, parameters: { ...drawn, ...picture } });
    case "POSE": {
      const controlType = features
        ?.find((feature) => feature.startsWith("pose:"))
        ?.slice("pose:".length)
        .toLowerCase();
      return EngineTask.parse({ type, parameters: { ...drawn, ...picture, controlType } });
    }
    case "UPSCALE":
      return EngineTask.parse({ type, parameters: { model, scaleFactor: 2, ...picture } });
    case "TEXT2VIDEO":
      return EngineTask.parse({ type, parameters: filmed });
    case "IMG2VIDEO":
      return EngineTask.parse({ type, parameters: { ...filmed, ...picture } });
  }
}

/**
 * A picture for the types that work on one: soft colours and a few edges, made here. Neighbouring seeds have others. For a pose
 * it looks finished, a coloured figure on black or distances in grey, since an engine may have nothing that would make one of a photo.
 */
export async function pilotPicture(task: EngineTask, seed: number): Promise<Uint8Array> {
  const { PNG } = await import("pngjs");
  const png = new PNG({ width: SIDE, height: SIDE });
  const kind = task.type === "POSE" ? task.parameters.controlType : "photo";
  for (let y = 0; y < SIDE; y++) {
    for (let x = 0; x < SIDE; x++) {
      const isFigure = Math.hypot(x - SIDE / 2, y - SIDE / 2) < SIDE / 4;
      png.data.set([...colourOf(kind, isFigure, x, y, seed), 255], (y * SIDE + x) * 4);
    }
  }
  return PNG.sync.write(png);
}

function colourOf(kind: "photo" | "openpose" | "canny" | "depth", isFigure: boolean, x: number, y: number, seed: number): number[] {
  switch (kind) {
    case "openpose":
      return isFigure ? [200, 120, seed % 256] : [0, 0, 0];
    case "depth": {
      const grey = isFigure ? 255 - (seed % 64) : y / 4;
      return [grey, grey, grey];
    }
    case "photo":
    case "canny":
      return [isFigure ? 200 : x / 2, isFigure ? 120 : y / 2, seed % 256];
  }
}
