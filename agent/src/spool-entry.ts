import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { z } from "zod";
import { parseJson } from "./outside.ts";

const SpooledFile = z.object({
  /** Name inside the attempt's folder, never a path. */
  file: z.string().regex(/^[\w-]+(\.[\w-]+)*$/),
  contentType: z.string().min(1),
  bytes: z.number().int().positive(),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
});
export type SpooledFile = z.infer<typeof SpooledFile>;

/** `meta.json` of a finished attempt: all it takes to deliver it, also in another process than the one that ran it. */
const SpoolMeta = z.object({
  layout: z.literal(1),
  attemptId: z.string().min(1),
  upload: z.object({ url: z.url(), grant: z.string().min(1) }),
  pictures: z.array(SpooledFile.extend({ thumbnail: SpooledFile })).min(1),
  servedBy: z.object({ engine: z.string(), model: z.string() }),
  notes: z.array(z.string()),
});
export type SpoolMeta = z.infer<typeof SpoolMeta>;

/**
 * Judges a folder of the spool after a restart. `meta.json` is written last, so a folder without a readable one,
 * or whose files are not all there, was left by a run that did not finish.
 */
export function judgeSpoolEntry(attemptId: string, metaText: string | null, sizes: ReadonlyMap<string, number>): SpoolMeta | null {
  const parsed = SpoolMeta.safeParse(metaText === null ? undefined : parseJson(metaText));
  if (!parsed.success || parsed.data.attemptId !== attemptId) return null;
  const files = parsed.data.pictures.flatMap((picture) => [picture, picture.thumbnail]);
  return files.every(({ file, bytes }) => sizes.get(file) === bytes) ? parsed.data : null;
}

export async function sha256OfFile(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest("hex");
}
