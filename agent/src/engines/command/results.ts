import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import type { EngineTask } from "@star-graph/shared/rest/generate";
import { outputOf } from "@star-graph/shared/work";
import { messageOf } from "../../outside.ts";
import { EngineError, type EngineFile } from "../engine.ts";
import { posterOf } from "../media/poster.ts";
import { cleanMedia, withThumbnail } from "../media/to-file.ts";
import type { ResultMessage } from "./messages.ts";

/**
 * The files that a program made, without notes and held against what was ordered.
 * @throws {EngineError} one is missing, too large, or not what was ordered.
 */
export async function filesOf(
  result: ResultMessage,
  task: EngineTask,
  from: { folder: string; maxBytes: number },
): Promise<[EngineFile, ...EngineFile[]]> {
  const ordered = outputOf(task);
  if (result.files.length !== ordered.files) throw wrong(`made ${result.files.length} files where ${ordered.files} were ordered`);
  const poster = result.poster === undefined ? null : await readPlain(result.poster, from);
  const files: EngineFile[] = [];
  for (const name of result.files) files.push(await fileOf(name, poster, ordered, from));
  const [first, ...others] = files;
  if (!first) throw wrong("made nothing");
  return [first, ...others];
}

async function fileOf(
  name: string,
  poster: Uint8Array | null,
  ordered: ReturnType<typeof outputOf>,
  from: { folder: string; maxBytes: number },
): Promise<EngineFile> {
  const media = cleanMedia(await readPlain(name, from));
  if (!media) throw wrong(`made ${name}, which is none of PNG, JPEG, WebP and MP4`);
  const { format, width, height } = media;
  if ((format === "MP4") !== ordered.isVideo) throw wrong(`made ${name} as ${format}`);
  if (width !== ordered.width || height !== ordered.height)
    throw wrong(`made ${name} in ${width}x${height} where ${ordered.width}x${ordered.height} was ordered`);
  const still = format === "MP4" ? (poster ?? (await posterOf(join(from.folder, name), media))) : media.bytes;
  const file = await withThumbnail(media, still);
  if (!file) throw wrong("made a picture of which no thumbnail can be made (a WebP needs the package sharp)");
  return file;
}

/** @throws {EngineError} it is not there, no plain file (a link may lead anywhere), or too large. */
export async function readPlain(name: string, { folder, maxBytes }: { folder: string; maxBytes: number }): Promise<Buffer> {
  try {
    const file = await open(join(folder, name), constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0));
    try {
      const found = await file.stat();
      if (!found.isFile()) throw new Error("no plain file");
      if (found.size > maxBytes) throw new Error(`${found.size} bytes, more than ${maxBytes}`);
      return await file.readFile();
    } finally {
      await file.close();
    }
  } catch (error) {
    throw wrong(`named ${name}, which cannot be read: ${messageOf(error).replaceAll(folder, "")}`);
  }
}

/** The next try would end likewise. */
const wrong = (what: string): EngineError => new EngineError("INTERNAL", `the engine's program ${what}`, { isRetryable: false });
