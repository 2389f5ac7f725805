import type { SQLOutputValue } from "node:sqlite";
import type { EndMessage } from "@star-graph/shared/push";
import { type EngineTask, Text2ImgParameters } from "@star-graph/shared/rest/generate";
import { workOf } from "@star-graph/shared/work";
import { type Around, faultyD1 } from "../../../test/support/faulty-d1.ts";
import { createLedger, type Ledger, type NewTask } from "../../billing/ledger.ts";
import { aRow, Books } from "../../billing/testing/books.ts";
import { openDatabase } from "../../db/client.ts";
import { createHistory, type History } from "../duties/history.ts";
import type { LateResultDeps } from "../duties/late-result.ts";
import type { PerformDutyDeps } from "../duties/perform-duty.ts";
import type { TaskToQueue } from "../queue/types.ts";
import { MEGAPIXEL } from "./builders.ts";

/** What somebody wants to have made. */
export interface Wish {
  userId: number;
  model: string;
  pixels: number;
  cost: number;
  /** The task that it was before, which failed or was cancelled. */
  retryOf?: string;
}

/** An agent's owner gets so much of what its tasks cost. */
export const OWNER_SHARE_PERCENT = 30;

/** A cancel of a task that an agent has at the time costs so much. */
export const CANCEL_CHARGE = 1;

/** What a Worker or a Dispatcher has of the book. */
export interface BookAccess {
  history: History;
  ledger: Ledger;
  /** What duties, and results that come late, are carried out on. */
  duties: PerformDutyDeps & LateResultDeps;
}

/** The book of record on the real migrations and the real statements; R2 and the hubs are in memory. */
export class RealBook {
  readonly books = new Books(OWNER_SHARE_PERCENT);
  /** Attempts whose files are stored, with the size of their picture. */
  readonly stored = new Map<string, { width: number; height: number }>();
  /** Those stored while the end of their attempt was on its way: where that is no completion, its cleaning up may be over already. */
  readonly storedLate = new Set<string>();
  readonly published: EndMessage[] = [];

  /** @param around each call of D1, R2 or a hub goes through it */
  open(around: Around): BookAccess {
    const db = openDatabase(faultyD1(this.books.d1, around));
    const history = createHistory(db);
    const ledger = createLedger(db, { ownerSharePercent: OWNER_SHARE_PERCENT });
    const duties = {
      ...history,
      ...ledger,
      files: this.#files(around),
      folderOf: async (attemptId: string) => `results/${attemptId}/`,
      fileUrl: (key: string) => `https://files.test/${key}`,
      publishEnd: (_userId: number, message: EndMessage) => around(async () => void this.published.push(message)),
    };
    return { history, ledger, duties };
  }

  /** What is on record, past all faults: for whoever checks. */
  one(query: string, ...bindings: (string | number)[]): Record<string, SQLOutputValue> | undefined {
    return this.books.sqlite.prepare(query).get(...bindings);
  }

  status(taskId: string): string {
    return textOr("absent", this.one("SELECT status FROM tasks WHERE id = ?", taskId)?.["status"]);
  }

  /** The shard that D1 names. */
  shardOf(taskId: string): number | null {
    const shard = this.one("SELECT shard FROM tasks WHERE id = ?", taskId)?.["shard"];
    return typeof shard === "number" ? shard : null;
  }

  outcomeOf(attemptId: string): unknown {
    return this.one("SELECT outcome FROM attempts WHERE id = ?", attemptId)?.["outcome"];
  }

  /** As the agent uploads it. */
  store(attemptId: string, pixels: number, isEnding: boolean): void {
    if (isEnding) this.storedLate.add(attemptId);
    this.stored.set(attemptId, sidesOf(pixels));
  }

  /**
   * Files are kept of completed tasks alone, and of all of them.
   * @param lost tasks of which a shard that lost its storage may have forgotten to remove something: the sweep of files does it later
   */
  checkFiles(lost: ReadonlySet<string>): void {
    const kept = this.books.all("SELECT attempt_id FROM tasks WHERE status = 'COMPLETED'").map((row) => String(row["attempt_id"]));
    const gone = kept.filter((attemptId) => !this.stored.has(attemptId));
    if (gone.length > 0) throw new Error(`results without their files: ${gone.join()}`);
    const named = new Set(kept);
    for (const attemptId of this.stored.keys()) {
      if (named.has(attemptId)) continue;
      const task = textOr(null, this.one("SELECT task_id FROM attempts WHERE id = ?", attemptId)?.["task_id"]);
      // One whose start was never recorded went with the storage as well.
      const isExcused = this.storedLate.has(attemptId) || (lost.size > 0 && (task === null || lost.has(task)));
      if (!isExcused) throw new Error(`files are left of ${attemptId}`);
      this.stored.delete(attemptId);
    }
  }

  #files(around: Around): PerformDutyDeps["files"] {
    return {
      list: (folder) =>
        around(async () => {
          const size = this.stored.get(attemptOf(folder));
          if (!size) return [];
          const custom = { format: "PNG", width: String(size.width), height: String(size.height) };
          const file = { size: 70, sha256: "0".repeat(64), custom };
          return ["0.png", "0_thumb.png"].map((name) => ({ key: folder + name, ...file }));
        }),
      removeAll: (folder) => around(async () => void this.stored.delete(attemptOf(folder))),
    };
  }
}

export const textOr = <T>(absent: T, value: SQLOutputValue | undefined): string | T => (typeof value === "string" ? value : absent);
const attemptOf = (folder: string): string => folder.split("/")[1] ?? "";

/** Models that need memory, and how many bytes of it. */
export const MEMORY_NEEDS: ReadonlyMap<string, number> = new Map([["other", 12 * 2 ** 30]]);

/** What a model needs of memory, as a task carries it. */
export function needOf(model: string): Pick<TaskToQueue, "memoryBytes"> {
  const memoryBytes = MEMORY_NEEDS.get(model);
  return memoryBytes === undefined ? {} : { memoryBytes };
}

/** The row of a new task. */
export function toRow(task: TaskToQueue, wish: Wish, shard: number): NewTask {
  const { parameters } = toParameters(wish);
  const { taskId: id, userId, model, createTime } = task;
  return aRow({ id, userId, model, createTime, shard, cost: wish.cost, retryOf: wish.retryOf ?? null, parameters });
}

/** What the queue is told of it. */
export function toQueue(taskId: string, wish: Wish, now: number): TaskToQueue {
  return {
    taskId,
    userId: wish.userId,
    type: "TEXT2IMG",
    model: wish.model,
    ...workOf(toParameters(wish)),
    ...needOf(wish.model),
    clientId: null,
    createTime: now,
    startBy: null,
    finishBy: null,
    failures: 0,
    attemptNumber: 0,
  };
}

function toParameters({ model, pixels }: Wish): EngineTask & { type: "TEXT2IMG" } {
  const sides = sidesOf(pixels);
  return { type: "TEXT2IMG", parameters: Text2ImgParameters.parse({ prompt: "a cat", modelName: model, ...sides, steps: 4, seed: 1 }) };
}

const sidesOf = (pixels: number): { width: number; height: number } =>
  pixels < MEGAPIXEL ? { width: 512, height: 512 } : { width: 1024, height: pixels / 1024 };
