import type { UploadedFile } from "@star-graph/shared/agent-protocol";
import { ResultFormat } from "@star-graph/shared/task";
import { z } from "zod";
import type { TaskResult } from "../billing/ledger.ts";
import type { StoredFile } from "./receive-upload.ts";

const Measured = z.object({ format: ResultFormat, width: z.coerce.number().int().positive(), height: z.coerce.number().int().positive() });

/** The results of an attempt from what is really stored, or why they cannot be: the agent's report is only held against it. */
export function collectResults(folder: string, reported: UploadedFile[], stored: StoredFile[]): TaskResult[] | { missing: string } {
  const find = (name: string) => stored.find((file) => file.key.startsWith(`${folder}${name}.`));
  const collected: TaskResult[] = [];
  for (const [position, report] of reported.toSorted((a, b) => a.index - b.index).entries()) {
    const file = find(String(position));
    const thumbnail = find(`${position}_thumb`);
    const measured = Measured.safeParse(file?.custom);
    if (report.index !== position || !file || !thumbnail || !measured.success) return { missing: `file ${position} or its thumbnail` };
    if (file.sha256 !== report.sha256) return { missing: `file ${position} with the reported checksum` };
    collected.push({ fileKey: file.key, thumbnailKey: thumbnail.key, sizeBytes: file.size, ...measured.data });
  }
  return collected;
}
