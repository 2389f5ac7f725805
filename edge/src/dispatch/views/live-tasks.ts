import type { ProgressMessage } from "@star-graph/shared/push";
import type { TaskProgress } from "@star-graph/shared/task";
import type { QueueClock } from "../queue/clock.ts";
import { expectedMs } from "../queue/speeds.ts";
import type { DispatchStore } from "../queue/store.ts";
import type { LiveTask, WorkItemIn } from "../queue/types.ts";
import { progressMessage, viewItem, waitingMessage } from "./live-view.ts";
import type { ProgressFeed } from "./progress-feed.ts";

interface LiveTasksDeps {
  store: DispatchStore;
  feed: ProgressFeed;
  news: {
    newestOf(attemptId: string): TaskProgress | undefined;
    take(item: WorkItemIn<"running">): TaskProgress;
    forget(attemptId: string): void;
    publishWaiting(userId: number, message: ProgressMessage): Promise<void>;
    tellStatus(userId: number, taskId: string): Promise<void>;
  };
  clock: () => QueueClock;
}

/** The tasks on the work list as their users see them: asked for, or told while somebody looks. What is told may be lost. */
export class LiveTasks {
  readonly #deps: LiveTasksDeps;

  constructor(deps: LiveTasksDeps) {
    this.#deps = deps;
  }

  /** What is known of these tasks beside D1; those that are not on the list are left out. */
  read(taskIds: string[]): Record<string, LiveTask> {
    const { store, news, clock } = this.#deps;
    const items = taskIds.map((taskId) => store.getItem(taskId)).filter((item) => item !== null);
    const newestOf = (attemptId: string | undefined) => (attemptId === undefined ? undefined : news.newestOf(attemptId));
    return Object.fromEntries(
      items.map((item) => [item.taskId, viewItem(store, item, newestOf(item.state === "waiting" ? undefined : item.attempt?.id), clock())]),
    );
  }

  /** Somebody looks at them. @returns how they are; those that are over or unknown are left out. */
  watch(taskIds: string[]): ProgressMessage[] {
    const { store, feed, news, clock } = this.#deps;
    return taskIds.flatMap((taskId) => {
      const item = store.getItem(taskId);
      if (item?.state === "waiting" || item?.state === "offered") return [waitingMessage(store, item, clock())];
      if (item?.state !== "running") return [];
      feed.watched(item.attempt.id, item.attempt.agentId, item.userId);
      return [this.#message(item, news.newestOf(item.attempt.id) ?? item.progress)];
    });
  }

  /** The task that this attempt runs now. */
  running(attemptId: string): { taskId: string; userId: number } | null {
    const item = this.#deps.store.findByAttempt(attemptId);
    return item?.state === "running" ? { taskId: item.taskId, userId: item.userId } : null;
  }

  async tellWaiting(taskId: string): Promise<void> {
    const { store, news, clock } = this.#deps;
    const item = store.getItem(taskId);
    if (item?.state === "waiting") await news.publishWaiting(item.userId, waitingMessage(store, item, clock()));
  }

  async tellStatus(taskId: string): Promise<void> {
    const item = this.#deps.store.getItem(taskId);
    if (item) await this.#deps.news.tellStatus(item.userId, taskId);
  }

  async tellProgress(item: WorkItemIn<"running">): Promise<void> {
    const { feed, news } = this.#deps;
    const { id, agentId } = item.attempt;
    await feed.say(id, agentId, item.userId, this.#message(item, news.take(item)));
  }

  attemptOver(attemptId: string): void {
    this.#deps.news.forget(attemptId);
    this.#deps.feed.forget(attemptId);
  }

  #message(item: WorkItemIn<"running">, progress: TaskProgress): ProgressMessage {
    const { store, clock } = this.#deps;
    return progressMessage(item, progress, expectedMs(store, item), clock().now);
  }
}
