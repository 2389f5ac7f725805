import type { EngineTask } from "@star-graph/shared/rest/generate";
import { outputOf } from "@star-graph/shared/work";
import { EngineError, type EngineFile } from "../engine.ts";
import { cleanMedia, withThumbnail } from "../media/to-file.ts";

/**
 * The pictures that were ordered, without notes. A server may put others beside them: a sheet of all before them, what
 * ControlNet saw behind them.
 * @throws {EngineError} there are too few of the right size.
 */
export async function filesOf(pictures: readonly Uint8Array[], task: EngineTask): Promise<[EngineFile, ...EngineFile[]]> {
  const { files: count, width, height } = outputOf(task);
  const media = pictures.flatMap((bytes) => cleanMedia(bytes) ?? []).filter(({ format }) => format !== "MP4");
  const right = media.filter((one) => one.width === width && one.height === height).slice(0, count);
  if (right.length < count) {
    const made = media.map((one) => `${one.width}x${one.height}`).join(", ") || "nothing";
    throw new EngineError("INTERNAL", `the engine's server made ${made} where ${count} of ${width}x${height} were ordered`, {
      isRetryable: true,
    });
  }
  const files: EngineFile[] = [];
  for (const one of right) {
    const file = await withThumbnail(one, one.bytes);
    if (!file) throw new EngineError("INTERNAL", "no thumbnail can be made (a WebP needs the package sharp)", { isRetryable: true });
    files.push(file);
  }
  const [first, ...others] = files;
  if (!first) throw new EngineError("INTERNAL", "nothing was ordered", { isRetryable: false });
  return [first, ...others];
}
