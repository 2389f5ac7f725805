import type { FileStore } from "../files/receive-upload.ts";

export interface DiscardLateUploadDeps {
  findAttempt(attemptId: string): Promise<{ outcome: string | null } | null>;
  files: Pick<FileStore, "removeAll">;
}

/** Removes what an attempt stored after it had been given away; the files of one that completed, or may still, stay. */
export async function discardLateUpload(deps: DiscardLateUploadDeps, attemptId: string, folder: string): Promise<void> {
  const attempt = await deps.findAttempt(attemptId);
  if (attempt && (attempt.outcome === null || attempt.outcome === "COMPLETED")) return;
  await deps.files.removeAll(folder);
}
