import type { ProgressMessage } from "@star-graph/shared/push";
import { log } from "../../http/log.ts";

/** Nobody looked: asked again after so long, in case the word that somebody does was lost. */
export const UNWATCHED_MS = 30_000;
/** At least so long between two messages of an attempt. */
export const PAUSE_MS = 200;

interface ProgressFeedDeps {
  /** @returns how many look at that task now. */
  publish(userId: number, message: ProgressMessage): Promise<{ listeners: number }>;
  /** Lets the agent know, which draws previews only for somebody. */
  watch(agentId: string, attemptId: string, watching: boolean): void;
  pause(ms: number): Promise<void>;
  now(): number;
}

interface Feed {
  readonly agentId: string;
  readonly userId: number;
  pending: ProgressMessage | null;
  isBusy: boolean;
  unwatchedUntil: number;
  /** As its agent was told last. */
  isWatched: boolean;
}

/**
 * Tells users' hubs how running attempts are, only while somebody looks: newest wins, one call of an attempt at a time. That nobody
 * looks is an answer of the hub's, which is asked again now and then; that somebody begins to, it says itself. Lost with memory,
 * which only means that the hub is asked.
 */
export class ProgressFeed {
  readonly #deps: ProgressFeedDeps;
  readonly #feeds = new Map<string, Feed>();

  constructor(deps: ProgressFeedDeps) {
    this.#deps = deps;
  }

  /** @returns when there is nothing left to tell; never fails. */
  async say(attemptId: string, agentId: string, userId: number, message: ProgressMessage): Promise<void> {
    const feed = this.#of(attemptId, agentId, userId);
    if (this.#deps.now() < feed.unwatchedUntil) return;
    feed.pending = message;
    if (feed.isBusy) return;
    feed.isBusy = true;
    while (feed.pending) {
      await this.#publish(attemptId, feed, feed.pending);
      // One that is over says nothing more, whatever came in meanwhile.
      if (this.#feeds.get(attemptId) !== feed) return;
      if (feed.pending) await this.#deps.pause(PAUSE_MS);
    }
    feed.isBusy = false;
  }

  /** The hub says that somebody looks at that attempt. */
  watched(attemptId: string, agentId: string, userId: number): void {
    const feed = this.#of(attemptId, agentId, userId);
    feed.unwatchedUntil = 0;
    this.#tell(attemptId, feed, true);
  }

  /** An agent that came back may have been restarted, and know nothing of who looks. */
  agentCameBack(agentId: string): void {
    for (const feed of this.#feeds.values()) if (feed.agentId === agentId) feed.isWatched = false;
  }

  /** The attempt is over. */
  forget(attemptId: string): void {
    const feed = this.#feeds.get(attemptId);
    if (feed) feed.pending = null;
    this.#feeds.delete(attemptId);
  }

  async #publish(attemptId: string, feed: Feed, message: ProgressMessage): Promise<void> {
    feed.pending = null;
    try {
      const { listeners } = await this.#deps.publish(feed.userId, message);
      if (this.#feeds.get(attemptId) !== feed) return;
      if (listeners === 0) {
        feed.unwatchedUntil = this.#deps.now() + UNWATCHED_MS;
        feed.pending = null;
      }
      this.#tell(attemptId, feed, listeners > 0);
    } catch (error) {
      // The next step says it again.
      log("warn", "progress not published", { taskId: message.taskId, error: String(error) });
    }
  }

  #tell(attemptId: string, feed: Feed, watching: boolean): void {
    if (feed.isWatched === watching) return;
    feed.isWatched = watching;
    this.#deps.watch(feed.agentId, attemptId, watching);
  }

  #of(attemptId: string, agentId: string, userId: number): Feed {
    const known = this.#feeds.get(attemptId);
    if (known) return known;
    const feed: Feed = { agentId, userId, pending: null, isBusy: false, unwatchedUntil: 0, isWatched: false };
    this.#feeds.set(attemptId, feed);
    return feed;
  }
}
