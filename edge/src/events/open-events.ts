import { AppError } from "@star-graph/shared/errors";
import type { TaskStore } from "../tasks/store.ts";
import { endMessage } from "./end-message.ts";
import { END_ID, endEvent } from "./event-text.ts";
import { nothingMore, streamResponse } from "./stream-response.ts";
import type { Listener } from "./ticket.ts";

export interface OpenEventsDeps extends Pick<TaskStore, "findTask" | "findResults"> {
  fileUrl(key: string): string;
  /** The stream of a live task, from the listener's hub. */
  openStream(listener: Listener, taskId: string, lastEventId: string | null): Promise<Response>;
}

/**
 * A task's events from here on, and first what the client has missed, as far as it is kept: its newest progress, or its end.
 * @param lastEventId what the client has had already
 * @throws {AppError} `NOT_FOUND` when the task is absent or belongs to someone else.
 */
export async function openEvents(deps: OpenEventsDeps, listener: Listener, taskId: string, lastEventId: string | null): Promise<Response> {
  const task = await deps.findTask(taskId, listener.userId);
  if (!task) throw new AppError("NOT_FOUND");
  if (lastEventId === END_ID) return nothingMore();
  const files = task.status === "COMPLETED" ? await deps.findResults([taskId]) : [];
  const end = endMessage(task, files, (key) => deps.fileUrl(key));
  return end ? streamResponse(endEvent(JSON.stringify(end))) : deps.openStream(listener, taskId, lastEventId);
}
