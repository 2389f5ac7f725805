import { inputPath, type OfferMessage } from "@star-graph/shared/agent-protocol";
import { type History, readEngineTask } from "./history.ts";
import type { WorkItemIn } from "../queue/types.ts";

export interface PrepareOfferDeps extends Pick<History, "findTask" | "findInput"> {
  /** What allows the attempt to upload its files. */
  issueGrant: (attempt: { attemptId: string; pool: string; shard: number }, now: number) => Promise<string>;
  publicBaseUrl: string;
}

/**
 * What an agent is told when it is offered a task: the parameters, which only D1 has, its picture, and where its files go.
 * @returns `gone` when the task is not there or has ended, `unreadable` when this version cannot read its parameters
 */
export async function prepareOffer(
  deps: PrepareOfferDeps,
  { taskId, attempt, memoryBytes }: WorkItemIn<"offered">,
  now: number,
): Promise<OfferMessage | "gone" | "unreadable"> {
  const row = await deps.findTask(taskId);
  if (!row || (row.status !== "PENDING" && row.status !== "PROCESSING")) return "gone";
  const task = readEngineTask(row);
  if (!task) return "unreadable";
  const grant = await deps.issueGrant({ attemptId: attempt.id, pool: row.pool, shard: row.shard }, now);
  const input = row.inputId === null ? null : await deps.findInput(row.inputId);
  const inputs = input ? [{ name: "image" as const, url: `${deps.publicBaseUrl}${inputPath(attempt.id, 0)}`, ...input }] : [];
  const upload = { url: `${deps.publicBaseUrl}/agent/v1/attempts/${attempt.id}/files`, grant };
  return { type: "offer", attemptId: attempt.id, task, inputs, ...(memoryBytes && { memoryBytes }), upload };
}
