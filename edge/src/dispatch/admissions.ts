import type { Rate } from "@star-graph/shared/defaults";
import type { QueueClock } from "./queue/clock.ts";
import { admit } from "./queue/estimate.ts";
import { Reservations } from "./queue/reservations.ts";
import type { DispatchStore } from "./queue/store.ts";
import { countSubmit, type SubmitQuota } from "./queue/submit-limit.ts";
import type { Admission, TaskToQueue } from "./queue/types.ts";
import type { SubmitCounts } from "./storage/submit-counts.ts";

interface AdmissionsDeps {
  store: DispatchStore;
  submits: SubmitCounts;
  /** How often a user may submit. */
  rate: Rate;
  clock: () => QueueClock;
}

/** Whether tasks are taken, and the places that are kept for those which were and have not arrived. */
export class Admissions {
  readonly #deps: AdmissionsDeps;
  readonly #reserved = new Reservations();

  constructor(deps: AdmissionsDeps) {
    this.#deps = deps;
  }

  /** Counts the submission, and says whether the shard takes such a task now. */
  admit(task: TaskToQueue): { quota: SubmitQuota; admission: Admission | "too-many" } {
    const { submits, rate, clock } = this.#deps;
    const { fullAt, quota } = countSubmit(rate, submits.fullAtOf(task.userId), clock().now);
    if (fullAt === null) return { quota, admission: "too-many" };
    submits.setFullAt(task.userId, fullAt);
    return { quota, admission: this.reserve(task) };
  }

  /** The same for a shard that is asked after another one, which has counted the submission. */
  reserve(task: TaskToQueue): Admission {
    const admission = this.wouldAdmit(task);
    if (admission.admitted) this.#reserved.take(task.userId, task.taskId, this.#deps.clock().now);
    return admission;
  }

  /** The task that a place was kept for has arrived, or does not come. */
  release(taskId: string): void {
    this.#reserved.release(taskId);
  }

  /** The same question without a submission behind it: counts nothing. */
  wouldAdmit(task: TaskToQueue): Admission {
    const { store, clock } = this.#deps;
    return admit(store, this.#reserved, task, clock());
  }

  /** Places that are kept now. */
  countReserved(): number {
    return this.#reserved.count(this.#deps.clock().now);
  }

  /** Forgets the submissions of those who may submit as if they never had. */
  tidy(): void {
    this.#deps.submits.dropFull(this.#deps.clock().now);
  }
}
