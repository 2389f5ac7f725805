import { log } from "../../http/log.ts";
import type { FileStore } from "../../files/receive-upload.ts";
import type { AgentLines } from "../agents/agent-lines.ts";
import type { History } from "./history.ts";

export interface LateResultDeps extends Pick<History, "findAttempt"> {
  files: Pick<FileStore, "removeAll">;
  folderOf(attemptId: string): Promise<string>;
}

/**
 * A result whose attempt is not on the work list: recorded long ago and the answer lost, or the attempt was given away, and
 * then its files go.
 * @returns null when D1 has no outcome for it: the work list was lost, or what was decided here is still on its way. The agent
 * reports again until D1 says which.
 */
async function judgeLateResult(deps: LateResultDeps, attemptId: string): Promise<"recorded" | "refused" | null> {
  const attempt = await deps.findAttempt(attemptId);
  if (attempt?.outcome === null) return null;
  if (attempt?.outcome === "COMPLETED") return "recorded";
  await deps.files.removeAll(await deps.folderOf(attemptId));
  return "refused";
}

/** Answers the agent that brought it. */
export async function answerLateResult(deps: LateResultDeps & Pick<AgentLines, "send">, agentId: string, attemptId: string): Promise<void> {
  try {
    const outcome = await judgeLateResult(deps, attemptId);
    if (outcome) deps.send(agentId, { type: "ack", attemptId, outcome });
  } catch (error) {
    // Not answered: the agent reports again.
    log("warn", "late result not answered", { agentId, attemptId, error: String(error) });
  }
}
