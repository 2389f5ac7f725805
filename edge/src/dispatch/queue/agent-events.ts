import type { AgentMessage, CompletedMessage, FailedMessage, HelloMessage } from "@star-graph/shared/agent-protocol";
import { DEFAULTS } from "@star-graph/shared/defaults";
import { PHASES, type TaskProgress } from "@star-graph/shared/task";
import { blame, endStopping, handBack, loseAttempt, noteCompletion } from "./attempt-ends.ts";
import type { QueueClock } from "./clock.ts";
import { endWithFailure } from "./end-task.ts";
import { expectedMs, learnLoad, learnSpeed } from "./speeds.ts";
import { fillAgent, offerToOthers, requeue, withdraw } from "./offers.ts";
import { withSlotTaken } from "./room.ts";
import type { DispatchStore } from "./store.ts";
import type { AgentRecord, Effect, WorkItem, WorkItemIn } from "./types.ts";
import { attemptOf, base, itemOf, nextLook, runningDeadline } from "./work-item.ts";

/** An agent said hello: what it can do, and which attempts it still has. @param ownerId whose key it came with */
export function onAgentHello(store: DispatchStore, agentId: string, hello: HelloMessage, clock: QueueClock, ownerId?: number): Effect[] {
  const { slots, models, ownTasks } = hello.capabilities;
  const before = store.getAgent(agentId);
  const intake = before?.intake;
  store.putAgent({
    agentId,
    name: hello.agent.name,
    slots,
    freeSlots: 0,
    restsUntil: null,
    models,
    isConnected: true,
    lastSeenAt: clock.now,
    ...(intake && { intake }),
    // A quarantine outlives a restart: an agent that dies of its tasks would never rest.
    ...(before?.trouble && { trouble: before.trouble }),
    ...(before?.modelTrouble && { modelTrouble: before.modelTrouble }),
    ...(ownTasks && { ownTasks }),
    ...(ownerId !== undefined && { ownerId }),
  });
  // The welcome has made it forget: a drained agent stays drained through a blink of its line and a restart.
  const effects: Effect[] = intake === "draining" ? [{ kind: "send", agentId, message: { type: "drain" } }] : [];
  const known = new Set<string>();
  for (const item of store.itemsOfAgent(agentId)) {
    const attempt = attemptOf(item);
    if (!attempt) continue;
    known.add(attempt.id);
    const agentHasIt = hello.running.includes(attempt.id) || hello.finished.includes(attempt.id);
    if (item.state === "stopping" && agentHasIt) {
      effects.push({ kind: "send", agentId, message: { type: "cancel", attemptId: attempt.id } });
    } else if (item.state === "stopping") {
      effects.push(endStopping(store, item, clock));
    } else if (item.state === "offered" && agentHasIt) {
      effects.push(...onAccepted(store, agentId, attempt.id, clock));
    } else if (item.state === "offered") {
      effects.push(...requeue(store, item, clock));
    } else if (item.state === "running" && agentHasIt) {
      // Came back inside the grace period: a blink of the line costs nothing.
      const leaseUntil = clock.now + clock.timings.leaseMs;
      store.putItem({ ...item, leaseUntil, dueAt: nextLook(leaseUntil, item) });
    } else if (item.state === "running") {
      effects.push(...loseAttempt(store, item, "LOST", "the agent restarted without it", clock));
    }
  }
  for (const attemptId of hello.running) {
    if (!known.has(attemptId)) effects.push({ kind: "send", agentId, message: { type: "cancel", attemptId } });
  }
  return [...effects, ...offerToOthers(store, clock)];
}

/** The agent's socket is gone. Its leases run on: it may come back. */
export function onAgentGone(store: DispatchStore, agentId: string, lastSeenAt: number): void {
  const agent = store.getAgent(agentId);
  if (agent) store.putAgent({ ...agent, isConnected: false, freeSlots: 0, lastSeenAt });
}

/** A file of an attempt is on its way, which takes another way than the word that the offer was accepted and may be there before it. */
export function onUpload(store: DispatchStore, attemptId: string, clock: QueueClock): Effect[] {
  const item = store.findByAttempt(attemptId);
  return item?.state === "offered" ? onAccepted(store, item.attempt.agentId, attemptId, clock) : [];
}

type WorkingMessage = Exclude<AgentMessage, HelloMessage>;

/** Any frame of a connected agent after its hello. */
export function onAgentMessage(store: DispatchStore, agentId: string, message: WorkingMessage, clock: QueueClock): Effect[] {
  // The end of an attempt and the word that its slot is free come in any order, and only both open the slot.
  return [...heardLate(store, agentId, message, clock), ...decide(store, agentId, message, clock), ...fillAgent(store, agentId, clock)];
}

/** Who works on what it was offered has accepted it, though it was not heard to say so. */
function heardLate(store: DispatchStore, agentId: string, message: WorkingMessage, clock: QueueClock): Effect[] {
  if (message.type !== "progress" && message.type !== "completed" && message.type !== "failed") return [];
  const item = itemOf(store, agentId, message.attemptId);
  return item?.state === "offered" ? onAccepted(store, agentId, message.attemptId, clock) : [];
}

function decide(store: DispatchStore, agentId: string, message: WorkingMessage, clock: QueueClock): Effect[] {
  switch (message.type) {
    case "ping":
      return [{ kind: "send", agentId, message: { type: "pong" } }];
    case "ready":
      onReady(store, agentId, message, clock);
      return [];
    case "accepted":
      return onAccepted(store, agentId, message.attemptId, clock);
    case "rejected":
      return onRejected(store, agentId, message.attemptId, clock);
    case "progress":
      return onProgress(store, agentId, message.attemptId, message, clock);
    case "completed":
      return onCompleted(store, agentId, message, clock);
    case "failed":
      return onFailed(store, agentId, message, clock);
    case "stopped":
      return onStopped(store, agentId, message.attemptId, clock);
    case "bye":
      return onBye(store, agentId, message.reason, clock);
    case "capabilities":
      changeAgent(store, agentId, {
        slots: message.capabilities.slots,
        models: message.capabilities.models,
        ownTasks: message.capabilities.ownTasks ?? "any",
      });
      return [];
    case "status":
      changeAgent(store, agentId, { status: message.status });
      return [];
  }
}

function changeAgent(store: DispatchStore, agentId: string, change: Partial<AgentRecord>): void {
  const agent = store.getAgent(agentId);
  if (agent) store.putAgent({ ...agent, ...change });
}

type Ready = Extract<AgentMessage, { type: "ready" }>;

function onReady(store: DispatchStore, agentId: string, { freeSlots, freeByEngine }: Ready, clock: QueueClock): void {
  const agent = store.getAgent(agentId);
  // Only a hello brings back one that is gone.
  if (!agent?.isConnected) return;
  const { freeByEngine: _, ...rest } = agent;
  store.putAgent({ ...rest, freeSlots, ...(freeByEngine && { freeByEngine }), restsUntil: null, lastSeenAt: clock.now });
}

function onAccepted(store: DispatchStore, agentId: string, attemptId: string, clock: QueueClock): Effect[] {
  const item = itemOf(store, agentId, attemptId);
  if (!item) return [{ kind: "send", agentId, message: { type: "cancel", attemptId } }];
  if (item.state !== "offered") return [];
  const { now, timings } = clock;
  const leaseUntil = now + timings.leaseMs;
  const deadlineAt = runningDeadline(item, now, Math.max(DEFAULTS.runningDeadlineMs, 10 * expectedMs(store, item)));
  const progress: TaskProgress = { phase: "queued", step: 0, totalSteps: 0 };
  const attempt = { ...item.attempt, number: item.attemptNumber + 1 };
  const waitedMs = (item.waitedMs ?? 0) + Math.max(0, now - (item.queuedAt ?? item.createTime));
  const running: WorkItem = {
    ...base(item),
    ...(waitedMs > 0 && { waitedMs }),
    attemptNumber: attempt.number,
    state: "running",
    attempt,
    startedAt: now,
    charge: item.charge,
    ...(item.isCold && { isCold: true }),
    deadlineAt,
    leaseUntil,
    progress,
    dueAt: nextLook(leaseUntil, { deadlineAt }),
  };
  store.putItem(running);
  const agent = store.getAgent(agentId);
  if (agent) store.putAgent({ ...withSlotTaken(agent, item), lastModel: item.model });
  return [{ kind: "duty", duty: { kind: "started", taskId: item.taskId, attempt, at: now } }];
}

function onRejected(store: DispatchStore, agentId: string, attemptId: string, clock: QueueClock): Effect[] {
  const item = itemOf(store, agentId, attemptId);
  return item?.state === "offered" ? withdraw(store, item, clock) : [];
}

function onProgress(
  store: DispatchStore,
  agentId: string,
  attemptId: string,
  { phase, step, totalSteps }: TaskProgress,
  clock: QueueClock,
): Effect[] {
  const item = itemOf(store, agentId, attemptId);
  if (!item) return [{ kind: "send", agentId, message: { type: "cancel", attemptId } }];
  if (item.state !== "running" || PHASES.indexOf(phase) < PHASES.indexOf(item.progress.phase)) return [];
  const { leaseMs } = clock.timings;
  const leaseUntil = clock.now + leaseMs;
  const hasLoaded = item.loadedAt === undefined && PHASES.indexOf(phase) >= PHASES.indexOf("sampling");
  const running: WorkItemIn<"running"> = {
    ...item,
    progress: { phase, step, totalSteps },
    ...(hasLoaded && { loadedAt: clock.now }),
  };
  if (hasLoaded && item.isCold) learnLoad(store, item.model, clock.now - item.startedAt);
  // Stored when it says something new about the attempt's life, not for every step.
  if (phase !== item.progress.phase || leaseUntil > item.leaseUntil + leaseMs / 3)
    store.putItem({ ...running, leaseUntil, dueAt: nextLook(leaseUntil, item) });
  return [{ kind: "progress", item: running }];
}

function onCompleted(store: DispatchStore, agentId: string, report: CompletedMessage, clock: QueueClock): Effect[] {
  const item = itemOf(store, agentId, report.attemptId);
  if (item?.state === "ending") return [];
  const late: Effect = { kind: "late", agentId, attemptId: report.attemptId };
  if (item?.state === "stopping") return [late, endStopping(store, item, clock)];
  if (item?.state !== "running") return [late];
  learnSpeed(store, item, clock.now - (item.isCold ? (item.loadedAt ?? item.startedAt) : item.startedAt));
  noteCompletion(store, item, clock);
  store.putItem({ ...base(item), state: "ending", attempt: item.attempt, startedAt: item.startedAt, dueAt: Number.MAX_SAFE_INTEGER });
  return [{ kind: "duty", duty: { kind: "completed", taskId: item.taskId, attempt: item.attempt, report, at: clock.now } }];
}

function onFailed(store: DispatchStore, agentId: string, report: FailedMessage, clock: QueueClock): Effect[] {
  const item = itemOf(store, agentId, report.attemptId);
  const ack: Effect = {
    kind: "send",
    agentId,
    message: { type: "ack", attemptId: report.attemptId, outcome: item?.state === "running" ? "recorded" : "refused" },
  };
  if (item?.state === "ending") return [];
  if (item?.state === "stopping") return [ack, endStopping(store, item, clock)];
  if (item?.state !== "running") return [ack];
  // What the engine cannot load is its agent's trouble, though no other attempt is asked for.
  if (!report.retryable && report.error === "MODEL_LOAD_FAILED") blame(store, item, report.error, report.message, clock);
  if (report.retryable) return [ack, ...loseAttempt(store, item, "FAILED", report.message, clock, report)];
  return endWithFailure(store, item, report.error, report.message, clock);
}

function onStopped(store: DispatchStore, agentId: string, attemptId: string, clock: QueueClock): Effect[] {
  const item = itemOf(store, agentId, attemptId);
  if (item?.state === "stopping") return [endStopping(store, item, clock)];
  // Nobody asked for it, but it is as lost as with a dead agent.
  return item?.state === "running" ? loseAttempt(store, item, "LOST", "the agent stopped it", clock) : [];
}

function onBye(store: DispatchStore, agentId: string, reason: string, clock: QueueClock): Effect[] {
  const agent = store.getAgent(agentId);
  if (agent) store.putAgent({ ...agent, isConnected: false, freeSlots: 0, lastSeenAt: clock.now });
  const effects: Effect[] = [];
  for (const item of store.itemsOfAgent(agentId)) {
    if (item.state === "offered") effects.push(...requeue(store, item, clock));
    // Given back on purpose: it counts as no failure of the task.
    else if (item.state === "running") effects.push(...handBack(store, item, "LOST", `the agent left: ${reason}`, clock));
    else if (item.state === "stopping") effects.push(endStopping(store, item, clock));
  }
  return effects;
}
