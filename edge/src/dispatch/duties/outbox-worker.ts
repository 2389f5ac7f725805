import { log } from "../../http/log.ts";
import { giveUp, LAST_TRY } from "./give-up.ts";
import type { Outbox, OutboxEntry } from "./outbox.ts";
import { performDuty, type PerformDutyDeps } from "./perform-duty.ts";
import type { Duty, DutyOutcome } from "../queue/types.ts";

/** Carries out what stands in the outbox: in order per task, each duty until it succeeds or is given up. */
export class OutboxWorker {
  /** Tasks whose duties are being carried out now. */
  private readonly busy = new Set<string>();
  /** Those among them whose oldest duty has been begun and has not answered. */
  private readonly performing = new Set<string>();
  private readonly outbox: Outbox;
  private readonly deps: PerformDutyDeps;
  private readonly onDone: (duty: Duty, outcome: DutyOutcome) => void;
  private readonly now: () => number;

  /** @param onDone called after each duty that succeeded; what it decides may add further duties. */
  constructor(outbox: Outbox, deps: PerformDutyDeps, onDone: (duty: Duty, outcome: DutyOutcome) => void, now: () => number) {
    this.outbox = outbox;
    this.deps = deps;
    this.onDone = onDone;
    this.now = now;
  }

  /** Does the duties of a task that are due; returns at once when that is under way already. */
  async work(taskId: string): Promise<void> {
    if (this.busy.has(taskId)) {
      // Or the alarm would fire for it again and again while D1 is slow.
      if (this.performing.has(taskId)) this.outbox.stillUnderWay(taskId, this.now());
      return;
    }
    this.busy.add(taskId);
    try {
      for (let entry = this.outbox.next(taskId, this.now()); entry; entry = this.outbox.next(taskId, this.now())) {
        if (!(await this.perform(entry))) return;
      }
    } finally {
      this.busy.delete(taskId);
    }
  }

  private async perform(entry: OutboxEntry): Promise<boolean> {
    const { duty } = entry;
    try {
      this.performing.add(duty.taskId);
      const outcome = await this.do(entry);
      this.performing.delete(duty.taskId);
      if (outcome.kind === "given-up") this.outbox.countGivenUp();
      this.outbox.done(entry.id);
      this.onDone(duty, outcome);
      return true;
    } catch (error) {
      this.performing.delete(duty.taskId);
      log("error", "duty failed, will be repeated", { taskId: duty.taskId, duty: duty.kind, tries: entry.tries, error: String(error) });
      this.outbox.postpone(entry, this.now());
      return false;
    }
  }

  private async do({ duty, tries }: OutboxEntry): Promise<DutyOutcome> {
    try {
      return await performDuty(this.deps, duty);
    } catch (error) {
      if (tries < LAST_TRY) throw error;
      const outcome = await giveUp(this.deps, duty);
      log("error", "duty given up", { taskId: duty.taskId, duty: duty.kind, tries, error: String(error) });
      return outcome;
    }
  }
}
