import type { FileStore } from "../files/receive-upload.ts";
import type { History } from "./history.ts";

export interface LateResultDeps extends Pick<History, "findAttempt"> {
  files: Pick<FileStore, "removeAll">;
  folderOf(attemptId: string): Promise<string>;
}

/**
 * A result whose attempt is not on the work list: recorded long ago and the answer lost, or the attempt was given away, and
 * then its files go.
 * @returns null when D1 still counts on it: the work list was lost. The next sweep takes the task up, and the agent reports again.
 */
export async function judgeLateResult(deps: LateResultDeps, attemptId: string): Promise<"recorded" | "refused" | null> {
  const attempt = await deps.findAttempt(attemptId);
  if (attempt?.outcome === null) return null;
  if (attempt?.outcome === "COMPLETED") return "recorded";
  await deps.files.removeAll(await deps.folderOf(attemptId));
  return "refused";
}
