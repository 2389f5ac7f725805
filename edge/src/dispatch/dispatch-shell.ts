import type { AgentMessage, HelloMessage } from "@star-graph/shared/agent-protocol";
import { log } from "../http/log.ts";
import { Admissions } from "./admissions.ts";
import type { AgentLines } from "./agents/agent-lines.ts";
import type { Config } from "../config.ts";
import type { History } from "./duties/history.ts";
import { answerLateResult, type LateResultDeps } from "./duties/late-result.ts";
import { makeOffer, type MakeOfferDeps } from "./duties/make-offer.ts";
import type { Outbox } from "./duties/outbox.ts";
import { OutboxWorker } from "./duties/outbox-worker.ts";
import type { PerformDutyDeps } from "./duties/perform-duty.ts";
import { onAgentGone, onAgentHello, onAgentMessage, onUpload } from "./queue/agent-events.ts";
import { type AgentCommand, onAgentCommand, onAgentDismissed } from "./queue/agent-intake.ts";
import type { QueueClock } from "./queue/clock.ts";
import { onDutyDone } from "./queue/duty-outcomes.ts";
import { LeftTasks } from "./queue/left-tasks.ts";
import type { DispatchStore } from "./queue/store.ts";
import { onCancelOrdered, onTaskSubmitted } from "./queue/task-events.ts";
import { onTick } from "./queue/tick.ts";
import { tidy } from "./queue/tidy.ts";
import type { Attempt, Duty, DutyOutcome, Effect, TaskToQueue, WorkItemIn } from "./queue/types.ts";
import { type Destinations, moveTasks, type MoveTasksDeps } from "./recovery/move-tasks.ts";
import { stopEnded, type SweepDeps, takeUp } from "./recovery/sweep.ts";
import type { Shard } from "./shards/pools.ts";
import type { SubmitCounts } from "./storage/submit-counts.ts";
import { type QueueFigures, viewQueue } from "./views/fleet-view.ts";
import { WakeUp } from "./wake-up.ts";

/** While tasks run, D1 is asked at most this often whether one was cancelled without a word from the Worker. */
const ENDED_CHECK_MS = 30_000;
/** While tasks wait and none runs, this often: nobody loses by such a one but the place that it takes. */
const WAITING_CHECK_MS = 10 * 60_000;
/** Younger tasks are still being handed over by the Worker that took them. */
const SWEEP_AGE_MS = 5_000;

/** Who wants to know what happens, but for the agents. Nothing here depends on what they make of it. */
export interface Onlookers {
  /** The task waits, for the first time or again. */
  onWaiting(taskId: string): void;
  onStatus(taskId: string): void;
  onProgress(item: WorkItemIn<"running">): void;
  onAttemptOver(attempt: Attempt, isCompleted: boolean): void;
  /** Something was decided. */
  onChange(): void;
}

export interface DispatchShellDeps
  extends
    Pick<Config, "timings" | "limits" | "rateLimits">,
    Pick<MakeOfferDeps, "issueGrant" | "publicBaseUrl" | "pause">,
    Pick<MoveTasksDeps, "enqueueAt"> {
  store: DispatchStore;
  outbox: Outbox;
  submits: SubmitCounts;
  history: History;
  duties: PerformDutyDeps & LateResultDeps;
  lines: Pick<AgentLines, "send" | "hangUp">;
  onlookers: Onlookers;
  /** When that agent's line gave its last sign of life. */
  lastPingAt: (agentId: string) => number;
  setAlarm: (at: number) => void;
  /** Lets something go on after the call that began it. */
  background: (work: Promise<unknown>) => void;
  newAttemptId: () => string;
  now: () => number;
}

/**
 * What a Dispatcher does with its decisions: stores, sends, repeats, wakes up. Knows nothing of the platform, so that the
 * model of a bad day drives the very same code. Of its fields only those in the store and the outbox survive an eviction.
 */
export class DispatchShell {
  readonly admissions: Admissions;
  readonly #deps: DispatchShellDeps;
  readonly #store: DispatchStore;
  readonly #worker: OutboxWorker;
  readonly #offering: MakeOfferDeps;
  readonly #sweeping: SweepDeps & MoveTasksDeps;
  readonly #left = new LeftTasks();
  readonly #wakeUp: WakeUp;
  readonly #wokenAt: number;
  #endedCheckedAt = 0;

  constructor(deps: DispatchShellDeps) {
    const { store, outbox, submits, history, lines } = deps;
    this.#deps = deps;
    this.#store = store;
    this.#wokenAt = deps.now();
    const own = { store, apply: (effects: Effect[]) => this.apply(effects), clock: () => this.clock() };
    this.admissions = new Admissions({ store, submits, rate: deps.rateLimits.submit, clock: own.clock });
    this.#worker = new OutboxWorker(outbox, deps.duties, (duty, outcome) => this.#onDutyDone(duty, outcome), deps.now);
    this.#wakeUp = new WakeUp((at) => deps.setAlarm(at));
    const { issueGrant, publicBaseUrl, pause, enqueueAt } = deps;
    this.#offering = { ...own, ...history, issueGrant, publicBaseUrl, pause, send: (to, message) => lines.send(to, message) };
    this.#sweeping = { ...own, history, left: this.#left, hasDuties: (taskId) => outbox.hasDuties(taskId), enqueueAt };
  }

  clock(): QueueClock {
    const { now, timings, limits, newAttemptId } = this.#deps;
    return { now: now(), timings, limits, newAttemptId };
  }

  /** The object was created, anew or after an eviction: lines that went with the last process did not go by closing. */
  wake(isConnected: (agentId: string) => boolean): void {
    for (const agent of this.#store.listAgents()) if (agent.isConnected && !isConnected(agent.agentId)) this.agentGone(agent.agentId);
  }

  figures(): QueueFigures {
    return { ...viewQueue(this.#store), duties: this.#deps.outbox.figures() };
  }

  // ---- tasks ----

  enqueue(task: TaskToQueue): void {
    this.admissions.release(task.taskId);
    if (this.#left.has(task.taskId, this.#deps.now())) return;
    this.apply(onTaskSubmitted(this.#store, task, this.clock()));
    this.#deps.onlookers.onWaiting(task.taskId);
  }

  /** Another shard hands it over: it may have left from here a moment ago. */
  takeOver(task: TaskToQueue): void {
    this.#left.forget(task.taskId);
    this.enqueue(task);
  }

  cancel(taskId: string): void {
    this.apply(onCancelOrdered(this.#store, taskId, this.clock()));
  }

  // ---- agents ----

  /** An agent is on its way. Of a shard that knows none, new or after a loss, D1 is asked before one is told to stop what nobody knows. */
  async expectAgent(shard: Shard): Promise<void> {
    if (this.#store.agents.size === 0) await takeUp(this.#sweeping, shard, this.#deps.now() + 1);
  }

  hello(agentId: string, hello: HelloMessage, ownerId?: number): void {
    this.apply(onAgentHello(this.#store, agentId, hello, this.clock(), ownerId));
  }

  hear(agentId: string, message: Exclude<AgentMessage, HelloMessage>): void {
    this.apply(onAgentMessage(this.#store, agentId, message, this.clock()));
  }

  /** Whether that attempt may still bring files. */
  mayUpload(attemptId: string): boolean {
    this.apply(onUpload(this.#store, attemptId, this.clock()));
    const state = this.#store.findByAttempt(attemptId)?.state;
    return state === "running" || state === "ending";
  }

  agentGone(agentId: string): void {
    onAgentGone(this.#store, agentId, this.#deps.now());
  }

  /** @returns false when no such agent ever said hello here */
  command(agentId: string, command: AgentCommand): boolean {
    const effects = onAgentCommand(this.#store, agentId, command, this.clock());
    if (effects) this.apply(effects);
    return effects !== null;
  }

  /** These keys count here no more: their agents are forgotten. */
  dismissKeys(keyIds: readonly number[], reason: string): void {
    for (const { agentId } of this.#store.listAgents()) {
      if (keyIds.some((keyId) => agentId.startsWith(`${keyId}.`))) this.apply(onAgentDismissed(this.#store, agentId, reason, this.clock()));
    }
  }

  // ---- the clock ----

  /** Finds what fell between D1 and the work list. Each step may be repeated. */
  async sweep(shard: Shard, destinations: Destinations): Promise<void> {
    await takeUp(this.#sweeping, shard, this.#deps.now() - SWEEP_AGE_MS);
    await this.#stopEnded();
    await moveTasks(this.#sweeping, shard, destinations, this.#deps.now() + 1);
    this.admissions.tidy();
    tidy(this.#store, this.clock());
    this.#tick();
  }

  async alarm(): Promise<void> {
    this.#wakeUp.rang();
    const asking = this.#deps.now() - this.#endedCheckedAt < ENDED_CHECK_MS ? null : this.#stopEnded();
    this.#tick();
    try {
      await asking;
    } catch (error) {
      log("warn", "cancelled tasks not looked for", { error: String(error) });
    }
  }

  #stopEnded(): Promise<void> {
    this.#endedCheckedAt = this.#deps.now();
    return stopEnded(this.#sweeping);
  }

  #tick(): void {
    const { outbox, background, lastPingAt, now } = this.#deps;
    const lastSeen = (agentId: string) => Math.max(lastPingAt(agentId), this.#store.getAgent(agentId)?.lastSeenAt ?? 0);
    this.apply(onTick(this.#store, lastSeen, this.clock()));
    for (const taskId of outbox.dueTasks(now())) background(this.#workOff(taskId));
    this.#arm();
  }

  #arm(): void {
    const asksAt = this.#store.countWaiting() > 0 ? (this.#endedCheckedAt || this.#wokenAt) + WAITING_CHECK_MS : null;
    this.#wakeUp.arm(asksAt, this.#store.earliestDue(), this.#deps.outbox.earliestDue());
  }

  // ---- what decisions ask for ----

  apply(effects: Effect[]): void {
    const { outbox, lines, onlookers, background } = this.#deps;
    const duties = effects.filter((effect) => effect.kind === "duty").map((effect) => effect.duty);
    // Stored before anything is sent, in the same turn as the decision: both or neither.
    for (const duty of duties) outbox.add(duty);
    for (const effect of effects) {
      if (effect.kind === "send") lines.send(effect.agentId, effect.message);
      else if (effect.kind === "close") lines.hangUp(effect.agentId, effect.code, effect.reason);
      else if (effect.kind === "offer") background(makeOffer(this.#offering, effect.item));
      else if (effect.kind === "late") background(this.#answerLate(effect.agentId, effect.attemptId));
      else if (effect.kind === "progress") onlookers.onProgress(effect.item);
    }
    for (const taskId of new Set(duties.map((duty) => duty.taskId))) background(this.#workOff(taskId));
    onlookers.onChange();
    this.#arm();
  }

  #answerLate(agentId: string, attemptId: string): Promise<void> {
    const { duties, lines } = this.#deps;
    return answerLateResult({ ...duties, send: (to, message) => lines.send(to, message) }, agentId, attemptId);
  }

  async #workOff(taskId: string): Promise<void> {
    await this.#worker.work(taskId);
    this.#arm();
  }

  #onDutyDone(duty: Duty, outcome: DutyOutcome): void {
    const { taskId, attempt } = duty;
    const { onlookers } = this.#deps;
    if (attempt && duty.kind !== "started") onlookers.onAttemptOver(attempt, duty.kind === "completed");
    if (duty.kind === "lost") onlookers.onWaiting(taskId);
    if (duty.kind === "started" || duty.kind === "lost") onlookers.onStatus(taskId);
    this.apply(onDutyDone(this.#store, duty, outcome, this.clock()));
  }
}
