import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { EngineTask } from "@star-graph/shared/rest/generate";
import { outputOf } from "@star-graph/shared/work";
import { EngineError, type EngineFile } from "../engine.ts";
import type { Media } from "../media/inspect.ts";
import { posterOf } from "../media/poster.ts";
import { cleanMedia, withThumbnail } from "../media/to-file.ts";
import type { ComfyClient } from "./client.ts";
import type { Plan } from "./graph.ts";
import type { JobEnd } from "./job.ts";
import type { ServerFile } from "./outputs.ts";

type Succeeded = Extract<JobEnd, { kind: "succeeded" }>;
type CleanMedia = Media & { bytes: Uint8Array };

/**
 * The files of a job, made clean and held against what was ordered.
 * @throws {EngineError} something is missing, or is not what was ordered.
 */
export async function fetchResults(
  client: ComfyClient,
  plan: Plan,
  task: EngineTask,
  end: Succeeded,
  folder: string,
): Promise<[EngineFile, ...EngineFile[]]> {
  const ordered = outputOf(task);
  const listed = withoutPreviews(plan.results.flatMap((node) => end.outputs.get(node) ?? []));
  const found: CleanMedia[] = [];
  let unreadable = 0;
  for (const file of listed) {
    const media = await fetchMedia(client, file);
    // What a workflow makes besides (a latent, a text, a thumbnail of its own) is not what was ordered.
    if (!media) unreadable++;
    else if ((media.format === "MP4") === ordered.isVideo) found.push(media);
  }
  for (const bytes of listed.length === 0 && !ordered.isVideo ? end.sent : []) {
    const media = cleanMedia(bytes);
    if (media) found.push(media);
  }
  if (found.length < ordered.files && unreadable > 0) {
    throw new EngineError("INTERNAL", "the result is of a kind that cannot be handed out (PNG, JPEG, WebP and MP4 can)", {
      isRetryable: false,
    });
  }
  if (found.length === 0 && listed.length > 0) {
    const kind = ordered.isVideo ? "a picture where an MP4" : "a video where a picture";
    throw new EngineError("INTERNAL", `ComfyUI made ${kind} was ordered`, { isRetryable: false });
  }
  if (found.length !== ordered.files) {
    throw new EngineError("INTERNAL", `ComfyUI made ${found.length} files where ${ordered.files} were ordered`, { isRetryable: true });
  }
  const files: EngineFile[] = [];
  for (const media of found) {
    const { width, height } = media;
    if (width !== ordered.width || height !== ordered.height) {
      const sizes = `${width}x${height} where ${ordered.width}x${ordered.height} was ordered`;
      throw new EngineError("INTERNAL", `ComfyUI made ${sizes}`, { isRetryable: false });
    }
    files.push(await asFile(client, media, plan, end, folder));
  }
  const [first, ...others] = files;
  if (!first) throw new EngineError("INTERNAL", "nothing was ordered", { isRetryable: false });
  return [first, ...others];
}

/** What a node shows and does not save is a result only where nothing is saved. */
function withoutPreviews(files: readonly ServerFile[]): readonly ServerFile[] {
  const saved = files.filter(({ type }) => type !== "temp");
  return saved.length > 0 ? saved : files;
}

/** Null for a file that is neither a picture nor a video. */
async function fetchMedia(client: ComfyClient, file: ServerFile): Promise<CleanMedia | null> {
  const bytes = await client.view(file);
  // An output node that was not run again names the file of an earlier job, which may have been deleted since.
  if (!bytes) throw new EngineError("INTERNAL", "the result's file is gone from ComfyUI's folder", { isRetryable: true });
  return cleanMedia(bytes);
}

async function asFile(client: ComfyClient, media: CleanMedia, plan: Plan, end: Succeeded, folder: string): Promise<EngineFile> {
  const still = media.format === "MP4" ? await stillOf(client, media, plan, end, folder) : media.bytes;
  const file = await withThumbnail(media, still);
  if (file) return file;
  throw new EngineError("INTERNAL", "no thumbnail can be made of the result (a WebP needs the package sharp)", { isRetryable: true });
}

/** A frame of the video: the one that the graph saved, else by ffmpeg. */
async function stillOf(client: ComfyClient, media: CleanMedia, plan: Plan, end: Succeeded, folder: string): Promise<Uint8Array> {
  const [saved] = plan.thumbnail === undefined ? [] : (end.outputs.get(plan.thumbnail) ?? []);
  const still = saved ? await client.view(saved) : null;
  if (still) return still;
  const path = join(folder, "video-for-poster.mp4");
  await writeFile(path, media.bytes);
  return posterOf(path, media);
}
