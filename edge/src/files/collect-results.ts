import type { UploadedFile } from "@star-graph/shared/agent-protocol";
import { ResultFormat } from "@star-graph/shared/task";
import type { Output } from "@star-graph/shared/work";
import { z } from "zod";
import type { TaskResult } from "../billing/ledger.ts";
import type { StoredFile } from "./receive-upload.ts";

const Measured = z.object({ format: ResultFormat, width: z.coerce.number().int().positive(), height: z.coerce.number().int().positive() });

/**
 * The results of an attempt from what is really stored, or why they cannot be: the agent's report is only held against
 * it, and both against what was ordered, for which the user pays.
 */
export function collectResults(
  folder: string,
  reported: UploadedFile[],
  stored: StoredFile[],
  ordered: Output,
): TaskResult[] | { missing: string } {
  if (reported.length !== ordered.files) return { missing: `${ordered.files} files (${reported.length} came)` };
  const find = (name: string) => stored.find((file) => file.key.startsWith(`${folder}${name}.`));
  const collected: TaskResult[] = [];
  for (const [position, report] of reported.toSorted((a, b) => a.index - b.index).entries()) {
    const file = find(String(position));
    const thumbnail = find(`${position}_thumb`);
    const measured = Measured.safeParse(file?.custom);
    if (report.index !== position || !file || !thumbnail || !measured.success) return { missing: `file ${position} or its thumbnail` };
    if (file.sha256 !== report.sha256) return { missing: `file ${position} with the reported checksum` };
    const { format, width, height } = measured.data;
    if ((format === "MP4") !== ordered.isVideo || width !== ordered.width || height !== ordered.height) {
      const kind = ordered.isVideo ? "video" : "picture";
      return { missing: `a ${kind} of ${ordered.width}x${ordered.height} as file ${position} (a ${format} of ${width}x${height} came)` };
    }
    collected.push({ fileKey: file.key, thumbnailKey: thumbnail.key, sizeBytes: file.size, ...measured.data });
  }
  return collected;
}
