import type { EndMessage, ProgressMessage } from "@star-graph/shared/push";
import { type TaskProgress, withStepsKept } from "@star-graph/shared/task";
import { log } from "../../http/log.ts";
import type { UserHub } from "../../hub/user-hub.ts";
import type { WorkItemIn } from "../queue/types.ts";

/** What a Dispatcher tells its users' hubs. */
export class UserNews {
  /** By attempt: a new one begins at the beginning. Lost with memory; the next step says it again. */
  private readonly newest = new Map<string, TaskProgress>();
  private readonly hub: (userId: number) => DurableObjectStub<UserHub>;
  private readonly publicBaseUrl: string;

  constructor(hub: (userId: number) => DurableObjectStub<UserHub>, publicBaseUrl: string) {
    this.hub = hub;
    this.publicBaseUrl = publicBaseUrl;
  }

  newestOf(attemptId: string): TaskProgress | undefined {
    return this.newest.get(attemptId);
  }

  /** The attempt is over. */
  forget(attemptId: string): void {
    this.newest.delete(attemptId);
  }

  /** Notes the newest step. @returns it as it is shown. */
  take(item: WorkItemIn<"running">): TaskProgress {
    const progress = withStepsKept(item.progress, this.newest.get(item.attempt.id));
    this.newest.set(item.attempt.id, progress);
    return progress;
  }

  /** @returns how many look at that task now. */
  async publishProgress(userId: number, message: ProgressMessage): Promise<{ listeners: number }> {
    return this.hub(userId).publishProgress(message);
  }

  /** A task waits: said once, and again to who subscribes. */
  async publishWaiting(userId: number, message: ProgressMessage): Promise<void> {
    try {
      await this.hub(userId).publishProgress(message);
    } catch (error) {
      log("warn", "waiting not told", { taskId: message.taskId, error: String(error) });
    }
  }

  /** @throws when the hub did not take it: the caller repeats it. */
  async publishEnd(userId: number, message: EndMessage, callbackUrl: string | null): Promise<void> {
    await this.hub(userId).publishEnd(
      message,
      callbackUrl === null ? null : { userId, url: callbackUrl, body: this.callbackBody(message) },
    );
  }

  /** Wakes requests that wait for it. May fail: they end by themselves. */
  async tellStatus(userId: number, taskId: string): Promise<void> {
    try {
      await this.hub(userId).statusChanged(taskId);
    } catch (error) {
      log("warn", "status not told", { taskId, error: String(error) });
    }
  }

  /** Spec 8.3's message, and where its task is described in full. */
  private callbackBody(message: EndMessage): string {
    return JSON.stringify({ ...message, detailUrl: `${this.publicBaseUrl}/api/v1/tasks/${message.taskId}` });
  }
}
