import { DurableObject } from "cloudflare:workers";
import { AGENT_CLOSE, type EdgeMessage, type HelloMessage, inputPath, PROTOCOL_VERSION } from "@star-graph/shared/agent-protocol";
import { DEFAULTS } from "@star-graph/shared/defaults";
import type { EndMessage } from "@star-graph/shared/push";
import { type TaskProgress, withStepsKept } from "@star-graph/shared/task";
import { createLedger } from "../billing/ledger.ts";
import { openDatabase } from "../db/client.ts";
import { type Config, parseConfig } from "../config.ts";
import { issueGrant } from "../files/grant.ts";
import { resultFolder } from "../files/keys.ts";
import type { FileStore } from "../files/receive-upload.ts";
import { createFileStore } from "../files/store.ts";
import { log } from "../http/log.ts";
import { onAgentGone, onAgentHello, onAgentMessage } from "./agent-events.ts";
import { judgeFrame } from "./agent-gate.ts";
import { type AgentCommand, onAgentCommand, onAgentDismissed } from "./agent-intake.ts";
import { type AgentRegister, createAgentRegister } from "./agent-register.ts";
import { AGENT_IDENTITY_HEADER, AgentIdentity, type AgentSockets, createAgentSockets } from "./agent-sockets.ts";
import type { QueueClock } from "./clock.ts";
import { admit } from "./estimate.ts";
import { type AgentView, type QueueFigures, viewFleet, viewQueue } from "./fleet-view.ts";
import { createHistory, type History, toEngineTask } from "./history.ts";
import { progressMessage, viewItem } from "./live-view.ts";
import { createOutbox, type Outbox } from "./outbox.ts";
import { OutboxWorker } from "./outbox-worker.ts";
import type { DutyOutcome } from "./perform-duty.ts";
import { findEnded, findForgotten } from "./reconcile.ts";
import { createSqliteStore } from "./sqlite-store.ts";
import type { DispatchStore } from "./store.ts";
import { createSubmitCounts, type SubmitCounts } from "./submit-counts.ts";
import { countSubmit, type SubmitQuota } from "./submit-limit.ts";
import {
  onCancelOrdered,
  onEnded,
  onOfferImpossible,
  onResultUnusable,
  onStartRefused,
  onTaskCancelled,
  onTaskFound,
  onTaskSubmitted,
} from "./task-events.ts";
import { onTick } from "./tick.ts";
import type { Admission, Duty, Effect, LiveTask, TaskToQueue, WorkItemIn } from "./types.ts";

/** While tasks run, D1 is asked this often whether one of them was cancelled without a word from the Worker. */
const ENDED_CHECK_MS = 30_000;
/** Close code of RFC 6455's registry: the client should come again. */
const SERVICE_RESTART = 1012;
/** Younger tasks are still being handed over by the Worker that took them. */
const SWEEP_AGE_MS = 5_000;

/**
 * One shard of one pool: its queue, its leases, its agents' sockets. Decisions are in the pure files beside it; this
 * class loads, calls them, and does what they return.
 *
 * Called by the Worker (RPC, agent upgrades), by agents (frames), by its alarm and by the cron trigger's sweep.
 * Survives eviction: work list, agents and outbox in its SQLite, sockets by hibernation. Lost with memory: the newest
 * step of running tasks, until their agents say the next. Lost with its storage: nothing that the sweep does not
 * rebuild from D1.
 */
export class Dispatcher extends DurableObject {
  private readonly config: Config;
  private readonly store: DispatchStore;
  private readonly submits: SubmitCounts;
  private readonly outbox: Outbox;
  private readonly sockets: AgentSockets;
  private readonly history: History;
  private readonly register: AgentRegister;
  private readonly files: FileStore;
  private readonly worker: OutboxWorker;
  /** By attempt: a new one begins at the beginning. */
  private readonly newest = new Map<string, TaskProgress>();
  private alarmAt: number | null = null;
  private endedCheckedAt = 0;

  constructor(ctx: DurableObjectState, env: Cloudflare.Env) {
    super(ctx, env);
    this.config = parseConfig(env);
    this.store = createSqliteStore(ctx.storage.sql);
    this.submits = createSubmitCounts(ctx.storage.sql);
    this.outbox = createOutbox(ctx.storage.sql);
    this.sockets = createAgentSockets(ctx);
    const db = openDatabase(env.DB);
    this.history = createHistory(db);
    this.register = createAgentRegister(db);
    this.files = createFileStore(env.FILES);
    const deps = {
      ...this.history,
      ...createLedger(db),
      files: this.files,
      folderOf: (attemptId: string) => resultFolder(this.config.tokenSecret, attemptId),
      fileUrl: (key: string) => `${this.config.publicFilesUrl}/files/${key}`,
      publishEnd: (userId: number, message: EndMessage, callbackUrl: string | null) =>
        this.hub(userId).publishEnd(message, callbackUrl === null ? null : { userId, url: callbackUrl, body: this.callbackBody(message) }),
    };
    this.worker = new OutboxWorker(this.outbox, deps, (duty, outcome) => this.onDutyDone(duty, outcome));
    // Of agents that the work list does not know, because it was lost: they come again and say what they still run.
    for (const ws of ctx.getWebSockets()) {
      const { agentId } = this.sockets.read(ws);
      if (agentId && !this.store.getAgent(agentId)) this.close(ws, SERVICE_RESTART, "say hello again");
    }
    // Sockets that went with the last process, not by closing.
    for (const agent of this.store.listAgents()) {
      if (agent.isConnected && !this.sockets.isConnected(agent.agentId)) onAgentGone(this.store, agent.agentId, Date.now());
    }
  }

  // ---- called by the Worker ----

  /** Counts the submission, and says whether the pool takes such a task now. */
  admit(task: TaskToQueue): { quota: SubmitQuota; admission: Admission | "too-many" } {
    const now = Date.now();
    const { fullAt, quota } = countSubmit(this.config.rateLimits.submit, this.submits.fullAtOf(task.userId), now);
    if (fullAt === null) return { quota, admission: "too-many" };
    this.submits.setFullAt(task.userId, fullAt);
    return { quota, admission: admit(this.store, task, now) };
  }

  /** The same question without a submission behind it: counts nothing. */
  wouldAdmit(task: TaskToQueue): Admission {
    return admit(this.store, task, Date.now());
  }

  enqueue(task: TaskToQueue): void {
    this.apply(onTaskSubmitted(this.store, task, this.clock()));
  }

  cancel(taskId: string): void {
    this.apply(onCancelOrdered(this.store, taskId, this.clock()));
  }

  /** What is known of these tasks beside D1; those that are not on the list are left out. */
  liveTasks(taskIds: string[]): Record<string, LiveTask> {
    const items = taskIds.map((taskId) => this.store.getItem(taskId)).filter((item) => item !== null);
    return Object.fromEntries(
      items.map((item) => [
        item.taskId,
        viewItem(this.store, item, "attempt" in item && item.attempt ? this.newest.get(item.attempt.id) : undefined),
      ]),
    );
  }

  /** Whether that attempt may still bring files: fencing at the upload, so that a lost attempt leaves none. */
  mayUpload(attemptId: string): boolean {
    const state = this.store.findByAttempt(attemptId)?.state;
    return state === "running" || state === "ending";
  }

  /** The task whose input that attempt may read: its own, from the offer on. */
  taskOfAttempt(attemptId: string): string | null {
    const item = this.store.findByAttempt(attemptId);
    return item && item.state !== "stopping" ? item.taskId : null;
  }

  connectedAgents(): number {
    return this.store.listAgents().filter((agent) => agent.isConnected).length;
  }

  fleet(): AgentView[] {
    return viewFleet(this.store, (agentId) => this.sockets.lastPingAt(agentId));
  }

  queueFigures(): QueueFigures {
    return viewQueue(this.store);
  }

  /** @returns false when no such agent ever said hello here */
  commandAgent(agentId: string, command: AgentCommand): boolean {
    const effects = onAgentCommand(this.store, agentId, command, this.clock());
    if (effects) this.apply(effects);
    return effects !== null;
  }

  /** These keys count here no more: their agents are forgotten and their sockets closed, also those that have not said hello. */
  dismissKeys(keyIds: number[], code: number, reason: string): void {
    for (const ws of this.ctx.getWebSockets()) {
      if (keyIds.includes(this.sockets.read(ws).keyId)) this.close(ws, code, reason);
    }
    for (const { agentId } of this.store.listAgents()) {
      if (keyIds.some((keyId) => agentId.startsWith(`${keyId}.`))) this.apply(onAgentDismissed(this.store, agentId, reason, this.clock()));
    }
  }

  /** Finds what fell between D1 and the work list. Each step may be repeated. */
  async sweep(pool: string): Promise<void> {
    await this.takeUp(pool, Date.now() - SWEEP_AGE_MS);
    await this.stopEnded();
    this.submits.dropFull(Date.now());
    this.tick();
  }

  /** Puts the live tasks of D1 on the work list that are not there. */
  private async takeUp(pool: string, createdBefore: number): Promise<void> {
    for (const { task, attempt, startTime } of await findForgotten(this.history, this.store, pool, createdBefore)) {
      this.apply(onTaskFound(this.store, task, attempt, startTime, this.clock()));
    }
  }

  private async stopEnded(): Promise<void> {
    for (const taskId of await findEnded(this.history, this.store)) this.apply(onTaskCancelled(this.store, taskId, this.clock()));
    this.endedCheckedAt = Date.now();
  }

  /** An agent's upgrade, which the Worker has authenticated: the header says as whom. */
  override async fetch(request: Request): Promise<Response> {
    const identity = AgentIdentity.parse(JSON.parse(request.headers.get(AGENT_IDENTITY_HEADER) ?? "null"));
    // New, or its storage was lost: before an agent is told to stop an attempt that nobody knows, D1 is asked.
    if (this.store.listAgents().length === 0) await this.takeUp(identity.pool, Date.now() + 1);
    const { 0: client, 1: server } = new WebSocketPair();
    this.sockets.accept(server, identity, Date.now());
    return new Response(null, { status: 101, webSocket: client });
  }

  // ---- called by agents ----

  override webSocketMessage(ws: WebSocket, data: string | ArrayBuffer): void {
    // What an agent had on its way when its socket was refused or replaced is nobody's word any more.
    if (ws.readyState !== WebSocket.OPEN) return;
    const verdict = judgeFrame(data, this.sockets.read(ws));
    if (verdict.kind === "broken") this.refuse(ws, verdict.reason);
    else if (verdict.kind === "wrong-version") this.refuseVersion(ws, verdict);
    else if (verdict.kind === "hello") this.greet(ws, verdict.agentId, verdict.hello);
    else if (verdict.kind === "message") this.apply(onAgentMessage(this.store, verdict.agentId, verdict.message, this.clock()));
  }

  private greet(ws: WebSocket, agentId: string, hello: HelloMessage): void {
    this.sockets.name(ws, agentId);
    log("info", "agent connected", { agentId, name: hello.agent.name, version: hello.agent.version });
    const { pingMs, leaseMs, graceMs } = this.config.timings;
    const { progressMs, maxResultBytes } = DEFAULTS;
    const timings = { pingMs, leaseMs, graceMs, progressMs };
    this.send(agentId, { type: "welcome", protocol: PROTOCOL_VERSION, timings, maxResultBytes });
    this.apply(onAgentHello(this.store, agentId, hello, this.clock()));
    this.ctx.waitUntil(this.checkIn(ws, agentId, hello));
  }

  /** Enters the agent in D1's list. A key that was revoked or moved while this socket was opened is found here. */
  private async checkIn(ws: WebSocket, agentId: string, hello: HelloMessage): Promise<void> {
    const { keyId, pool } = this.sockets.read(ws);
    try {
      const countsFor = await this.register.recordHello(agentId, keyId, pool, hello, Date.now());
      if (countsFor === null) this.dismissKeys([keyId], AGENT_CLOSE.KEY_REVOKED, "the agent key was revoked");
      else if (countsFor !== pool) this.dismissKeys([keyId], SERVICE_RESTART, "this key serves another pool now");
    } catch (error) {
      // The next hello enters it; until then its owner does not see it in the list.
      log("warn", "agent not registered", { agentId, error: String(error) });
    }
  }

  override webSocketClose(ws: WebSocket, code: number): void {
    this.dropSocket(ws);
    // Without it the other side would see 1006; codes that may not be sent are answered by a plain close.
    ws.close(code >= 3000 || code === 1000 ? code : 1000);
  }

  override webSocketError(ws: WebSocket): void {
    this.dropSocket(ws);
  }

  private dropSocket(ws: WebSocket): void {
    const agentId = this.sockets.forget(ws);
    if (!agentId) return;
    log("info", "agent disconnected", { agentId });
    onAgentGone(this.store, agentId, Date.now());
  }

  private refuse(ws: WebSocket, reason: string): void {
    log("warn", "agent frame refused", { agentId: this.sockets.read(ws).agentId, reason });
    // A close reason has room for 123 bytes.
    this.close(ws, AGENT_CLOSE.BAD_FRAME, reason.slice(0, 60));
  }

  private close(ws: WebSocket, code: number, reason: string): void {
    this.dropSocket(ws);
    ws.close(code, reason);
  }

  private refuseVersion(ws: WebSocket, { code, message }: { code: string; message: string }): void {
    ws.send(JSON.stringify({ type: "error", code, message }));
    ws.close(AGENT_CLOSE.PROTOCOL_TOO_OLD, "agent protocol version not supported");
  }

  // ---- the clock ----

  override async alarm(): Promise<void> {
    this.alarmAt = null;
    this.tick();
    if (Date.now() - this.endedCheckedAt < ENDED_CHECK_MS) return;
    try {
      await this.stopEnded();
    } catch (error) {
      log("warn", "cancelled tasks not looked for", { error: String(error) });
    }
  }

  private tick(): void {
    const lastSeen = (agentId: string) => Math.max(this.sockets.lastPingAt(agentId), this.store.getAgent(agentId)?.lastSeenAt ?? 0);
    this.apply(onTick(this.store, lastSeen, this.clock()));
    for (const taskId of this.outbox.dueTasks(Date.now())) this.ctx.waitUntil(this.workOff(taskId));
    this.arm();
  }

  /** One alarm for all due times, moved only when the earliest became earlier. */
  private arm(): void {
    const earliest = Math.min(this.store.earliestDue() ?? Infinity, this.outbox.earliestDue() ?? Infinity);
    if (earliest >= Number.MAX_SAFE_INTEGER || (this.alarmAt !== null && this.alarmAt <= earliest)) return;
    this.alarmAt = earliest;
    this.ctx.waitUntil(this.ctx.storage.setAlarm(earliest));
  }

  private clock(): QueueClock {
    return { now: Date.now(), timings: this.config.timings, newAttemptId: () => crypto.randomUUID() };
  }

  // ---- what decisions ask for ----

  private apply(effects: Effect[]): void {
    const duties = effects.filter((effect) => effect.kind === "duty").map((effect) => effect.duty);
    // Stored before anything is sent, in the same turn as the decision: both or neither.
    for (const duty of duties) this.outbox.add(duty);
    for (const effect of effects) {
      if (effect.kind === "send") this.send(effect.agentId, effect.message);
      else if (effect.kind === "close") this.sockets.socketOf(effect.agentId)?.close(effect.code, effect.reason);
      else if (effect.kind === "offer") this.ctx.waitUntil(this.offer(effect.item));
      else if (effect.kind === "late") this.ctx.waitUntil(this.answerLate(effect.agentId, effect.attemptId));
      else if (effect.kind === "progress") this.ctx.waitUntil(this.publishProgress(effect.item));
    }
    for (const taskId of new Set(duties.map((duty) => duty.taskId))) this.ctx.waitUntil(this.workOff(taskId));
    this.arm();
  }

  /** Reads the task's parameters and sends them, unless the offer was withdrawn meanwhile. An offer that fails runs out by itself. */
  private async offer(item: WorkItemIn<"offered">): Promise<void> {
    const { taskId, attempt } = item;
    try {
      const row = await this.history.findTask(taskId);
      if (!row || (row.status !== "PENDING" && row.status !== "PROCESSING")) {
        return this.apply(onOfferImpossible(this.store, taskId, attempt.id, this.clock()));
      }
      const grant = await issueGrant(this.config.tokenSecret, { attemptId: attempt.id, pool: row.pool }, Date.now());
      const input = row.inputId === null ? null : await this.history.findInput(row.inputId);
      if (this.store.findByAttempt(attempt.id)?.state !== "offered") return;
      const inputs = input ? [{ name: "image" as const, url: `${this.config.publicBaseUrl}${inputPath(attempt.id, 0)}`, ...input }] : [];
      const upload = { url: `${this.config.publicBaseUrl}/agent/v1/attempts/${attempt.id}/files`, grant };
      this.send(attempt.agentId, { type: "offer", attemptId: attempt.id, task: toEngineTask(row), inputs, upload });
    } catch (error) {
      log("error", "offer failed", { taskId, attemptId: attempt.id, error: String(error) });
    }
  }

  private async publishProgress(item: WorkItemIn<"running">): Promise<void> {
    const progress = withStepsKept(item.progress, this.newest.get(item.attempt.id));
    this.newest.set(item.attempt.id, progress);
    try {
      await this.hub(item.userId).publishProgress(progressMessage(item, progress));
    } catch (error) {
      // The next step says it again.
      log("warn", "progress not published", { taskId: item.taskId, error: String(error) });
    }
  }

  /** A result whose attempt is not on the list: recorded long ago and the answer lost, or the attempt was given away. */
  private async answerLate(agentId: string, attemptId: string): Promise<void> {
    try {
      const attempt = await this.history.findAttempt(attemptId);
      // D1 still counts on it: the work list was lost. The next sweep takes the task up, and the agent reports again.
      if (attempt && attempt.outcome === null) return;
      const isRecorded = attempt?.outcome === "COMPLETED";
      if (!isRecorded) await this.files.removeAll(await resultFolder(this.config.tokenSecret, attemptId));
      this.send(agentId, { type: "ack", attemptId, outcome: isRecorded ? "recorded" : "refused" });
    } catch (error) {
      // Not answered: the agent reports again.
      log("warn", "late result not answered", { agentId, attemptId, error: String(error) });
    }
  }

  private async workOff(taskId: string): Promise<void> {
    await this.worker.work(taskId);
    this.arm();
  }

  private onDutyDone(duty: Duty, outcome: DutyOutcome): void {
    const { attempt } = duty;
    if (attempt && duty.kind !== "started") this.newest.delete(attempt.id);
    if (duty.kind === "started" || duty.kind === "lost") this.ctx.waitUntil(this.tellStatus(duty.taskId));
    if (outcome.kind === "ended") {
      onEnded(this.store, duty.taskId, attempt?.id ?? null);
      if (attempt) this.acknowledge(attempt.agentId, attempt.id, outcome.outcome === "refused" ? "refused" : "recorded");
    } else if (outcome.kind === "start-refused" && attempt) {
      this.apply(onStartRefused(this.store, duty.taskId, attempt));
    } else if (outcome.kind === "result-unusable" && attempt) {
      this.acknowledge(attempt.agentId, attempt.id, "refused");
      this.apply(onResultUnusable(this.store, duty.taskId, attempt, outcome.reason, this.clock()));
    }
  }

  /** Spec 8.3's message, and where its task is described in full. */
  private callbackBody(message: EndMessage): string {
    return JSON.stringify({ ...message, detailUrl: `${this.config.publicBaseUrl}/api/v1/tasks/${message.taskId}` });
  }

  /** Wakes requests that wait for it. May fail: they end by themselves. */
  private async tellStatus(taskId: string): Promise<void> {
    const item = this.store.getItem(taskId);
    try {
      if (item) await this.hub(item.userId).statusChanged(taskId);
    } catch (error) {
      log("warn", "status not told", { taskId, error: String(error) });
    }
  }

  private acknowledge(agentId: string, attemptId: string, outcome: "recorded" | "refused"): void {
    this.send(agentId, { type: "ack", attemptId, outcome });
  }

  /** A socket whose end has not been handled yet may refuse. The frame is lost, as on a broken line; what else was decided is not. */
  private send(agentId: string, message: EdgeMessage): void {
    try {
      this.sockets.send(agentId, message);
    } catch (error) {
      log("warn", "frame not sent", { agentId, type: message.type, error: String(error) });
    }
  }

  private hub(userId: number) {
    return this.env.USER_HUB.get(this.env.USER_HUB.idFromName(String(userId)));
  }
}
