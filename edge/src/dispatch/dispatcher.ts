import { DurableObject } from "cloudflare:workers";
import {
  AGENT_CLOSE,
  type AgentMessage,
  MAX_FRAME_BYTES,
  OLDEST_PROTOCOL_VERSION,
  parseAgentFrame,
  PROTOCOL_VERSION,
} from "@star-graph/shared/agent-protocol";
import { DEFAULTS } from "@star-graph/shared/defaults";
import type { ProgressMessage } from "@star-graph/shared/push";
import { progressPercent, type TaskProgress } from "@star-graph/shared/task";
import { createLedger } from "../billing/ledger.ts";
import { openDatabase } from "../db/client.ts";
import { type Config, parseConfig } from "../env.ts";
import { issueGrant } from "../files/grant.ts";
import { resultFolder } from "../files/keys.ts";
import { createFileStore } from "../files/store.ts";
import { log } from "../http/log.ts";
import { onAgentGone, onAgentHello, onAgentMessage } from "./agent-events.ts";
import { AGENT_IDENTITY_HEADER, AgentIdentity, type AgentSockets, createAgentSockets } from "./agent-sockets.ts";
import type { QueueClock } from "./clock.ts";
import { admit, queuePosition } from "./estimate.ts";
import { createHistory, type History, toEngineTask } from "./history.ts";
import { canRun } from "./matching.ts";
import { createOutbox, type Outbox, type OutboxEntry } from "./outbox.ts";
import { performDuty, type PerformDutyDeps } from "./perform-duty.ts";
import { PHASE_TEXT } from "./phase-text.ts";
import { createSqliteStore } from "./sqlite-store.ts";
import type { DispatchStore } from "./store.ts";
import {
  onEnded,
  onOfferImpossible,
  onResultUnusable,
  onStartRefused,
  onTaskCancelled,
  onTaskFound,
  onTaskSubmitted,
} from "./task-events.ts";
import { onTick } from "./tick.ts";
import type { Admission, Effect, LiveTask, TaskToQueue, WorkItemIn } from "./types.ts";

/** Live tasks that one sweep compares with D1; the next sweep takes the rest. */
const SWEEP_BATCH = 500;
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
  private readonly outbox: Outbox;
  private readonly sockets: AgentSockets;
  private readonly history: History;
  private readonly duties: PerformDutyDeps;
  private readonly newest = new Map<string, TaskProgress>();
  /** Tasks whose duties are being carried out now. */
  private readonly busy = new Set<string>();
  private alarmAt: number | null = null;

  constructor(ctx: DurableObjectState, env: Cloudflare.Env) {
    super(ctx, env);
    this.config = parseConfig(env);
    this.store = createSqliteStore(ctx.storage.sql);
    this.outbox = createOutbox(ctx.storage.sql);
    this.sockets = createAgentSockets(ctx);
    const db = openDatabase(env.DB);
    this.history = createHistory(db);
    this.duties = {
      ...this.history,
      ...createLedger(db),
      files: createFileStore(env.FILES),
      folderOf: (attemptId) => resultFolder(this.config.tokenSecret, attemptId),
      fileUrl: (key) => `${this.config.publicFilesUrl}/files/${key}`,
      publishEnd: (userId, message) => this.hub(userId).publishEnd(message),
    };
    // Sockets that went with the last process, not by closing.
    for (const agent of this.store.listAgents()) {
      if (agent.isConnected && !this.sockets.isConnected(agent.agentId)) onAgentGone(this.store, agent.agentId, agent.lastSeenAt);
    }
  }

  // ---- called by the Worker ----

  admit(task: TaskToQueue): Admission {
    return admit(this.store, task, Date.now());
  }

  enqueue(task: TaskToQueue): void {
    this.apply(onTaskSubmitted(this.store, task, this.clock()));
  }

  cancel(taskId: string): void {
    this.apply(onTaskCancelled(this.store, taskId, this.clock()));
  }

  /** What is known of these tasks beside D1; those that are not on the list are left out. */
  liveTasks(taskIds: string[]): Record<string, LiveTask> {
    const live: Record<string, LiveTask> = {};
    for (const taskId of taskIds) {
      const item = this.store.getItem(taskId);
      if (item?.state === "waiting") live[taskId] = { queuePosition: this.positionOf(item) };
      else if (item?.state === "running") live[taskId] = { progress: this.newest.get(taskId) ?? item.progress };
      else if (item?.state === "ending") live[taskId] = { progress: { phase: "uploading", step: 0, totalSteps: 0 } };
      else if (item?.state === "stopping") live[taskId] = { stopping: true };
    }
    return live;
  }

  /** Whether that attempt may still bring files: fencing at the upload, so that a lost attempt leaves none. */
  mayUpload(attemptId: string): boolean {
    const state = this.store.findByAttempt(attemptId)?.state;
    return state === "running" || state === "ending";
  }

  connectedAgents(): number {
    return this.store.listAgents().filter((agent) => agent.isConnected).length;
  }

  /** Finds what fell between D1 and the work list. Each step may be repeated. */
  async sweep(pool: string): Promise<void> {
    for (const { task, attempt, startTime } of await this.history.findLive(pool, Date.now() - SWEEP_AGE_MS, SWEEP_BATCH)) {
      if (!this.store.getItem(task.taskId)) this.apply(onTaskFound(this.store, task, attempt, startTime, this.clock()));
    }
    const atAgents = this.store.listAgents().flatMap((agent) => this.store.itemsOfAgent(agent.agentId));
    const ended = await this.history.findEnded(atAgents.filter((item) => item.state === "running").map((item) => item.taskId));
    for (const taskId of ended) this.apply(onTaskCancelled(this.store, taskId, this.clock()));
    this.tick();
  }

  /** An agent's upgrade, which the Worker has authenticated: the header says as whom. */
  override async fetch(request: Request): Promise<Response> {
    const identity = AgentIdentity.parse(JSON.parse(request.headers.get(AGENT_IDENTITY_HEADER) ?? "null"));
    const { 0: client, 1: server } = new WebSocketPair();
    this.sockets.accept(server, identity, Date.now());
    return new Response(null, { status: 101, webSocket: client });
  }

  // ---- called by agents ----

  override webSocketMessage(ws: WebSocket, data: string | ArrayBuffer): void {
    if (typeof data !== "string" || data.length > MAX_FRAME_BYTES)
      return this.refuse(ws, typeof data === "string" ? "frame too large" : "not a text frame");
    const parsed = parseAgentFrame(data);
    if (parsed.kind === "broken") return this.refuse(ws, parsed.reason);
    if (parsed.kind === "unknown") return;
    this.onMessage(ws, parsed.message);
    this.arm();
  }

  private onMessage(ws: WebSocket, message: AgentMessage): void {
    const { agentId, keyId, origin } = this.sockets.read(ws);
    if (message.type !== "hello") {
      if (agentId) this.apply(onAgentMessage(this.store, agentId, message, this.clock()));
      else this.refuse(ws, "the first frame must be hello");
      return;
    }
    if (message.protocol < OLDEST_PROTOCOL_VERSION || message.protocol > PROTOCOL_VERSION) return this.refuseVersion(ws, message.protocol);
    const id = `${keyId}.${message.agent.id}`;
    this.sockets.name(ws, id);
    log("info", "agent connected", { agentId: id, name: message.agent.name, version: message.agent.version, origin });
    const { pingMs, leaseMs, graceMs, progressMs, maxResultBytes } = DEFAULTS;
    this.sockets.send(id, {
      type: "welcome",
      protocol: PROTOCOL_VERSION,
      timings: { pingMs, leaseMs, graceMs, progressMs },
      maxResultBytes,
    });
    this.apply(onAgentHello(this.store, id, message, this.clock()));
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
    this.dropSocket(ws);
    // A close reason has room for 123 bytes.
    ws.close(AGENT_CLOSE.BAD_FRAME, reason.slice(0, 60));
  }

  private refuseVersion(ws: WebSocket, version: number): void {
    const isOld = version < OLDEST_PROTOCOL_VERSION;
    const message = isOld
      ? `this edge needs agent protocol ${OLDEST_PROTOCOL_VERSION} or newer; install the current agent: npx stargraph-agent@latest`
      : `this edge speaks agent protocol ${PROTOCOL_VERSION}, not ${version}; install an older agent or update the edge`;
    ws.send(JSON.stringify({ type: "error", code: "PROTOCOL_VERSION", message }));
    ws.close(AGENT_CLOSE.PROTOCOL_TOO_OLD, "agent protocol version not supported");
  }

  // ---- the clock ----

  override alarm(): void {
    this.alarmAt = null;
    this.tick();
  }

  private tick(): void {
    const lastSeen = (agentId: string) => Math.max(this.sockets.lastPingAt(agentId), this.store.getAgent(agentId)?.lastSeenAt ?? 0);
    this.apply(onTick(this.store, lastSeen, this.clock()));
    for (const taskId of this.outbox.dueTasks(Date.now())) this.ctx.waitUntil(this.doDuties(taskId));
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
    return { now: Date.now(), newAttemptId: () => crypto.randomUUID() };
  }

  // ---- what decisions ask for ----

  private apply(effects: Effect[]): void {
    const duties = effects.filter((effect) => effect.kind === "duty").map((effect) => effect.duty);
    // Stored before anything is sent, in the same turn as the decision: both or neither.
    for (const duty of duties) this.outbox.add(duty);
    for (const effect of effects) {
      if (effect.kind === "send") this.sockets.send(effect.agentId, effect.message);
      else if (effect.kind === "close") this.sockets.socketOf(effect.agentId)?.close(effect.code, effect.reason);
      else if (effect.kind === "offer") this.ctx.waitUntil(this.offer(effect.item));
      else if (effect.kind === "late") this.ctx.waitUntil(this.answerLate(effect.agentId, effect.attemptId));
      else if (effect.kind === "progress") this.ctx.waitUntil(this.publishProgress(effect.item));
    }
    for (const taskId of new Set(duties.map((duty) => duty.taskId))) this.ctx.waitUntil(this.doDuties(taskId));
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
      if (this.store.findByAttempt(attempt.id)?.state !== "offered") return;
      const upload = { url: `${this.config.publicBaseUrl}/agent/v1/attempts/${attempt.id}/files`, grant };
      this.sockets.send(attempt.agentId, { type: "offer", attemptId: attempt.id, task: toEngineTask(row), upload });
    } catch (error) {
      log("error", "offer failed", { taskId, attemptId: attempt.id, error: String(error) });
    }
  }

  private async publishProgress(item: WorkItemIn<"running">): Promise<void> {
    this.newest.set(item.taskId, item.progress);
    const { phase, step, totalSteps } = item.progress;
    const message: ProgressMessage = {
      type: "progress",
      taskId: item.taskId,
      ...(item.clientId !== null && { clientId: item.clientId }),
      progress: progressPercent(item.progress),
      currentStep: step,
      totalSteps,
      message: PHASE_TEXT[phase],
      phase,
      attempt: item.attempt.number,
    };
    try {
      await this.hub(item.userId).publishProgress(message);
    } catch (error) {
      // The next step says it again.
      log("warn", "progress not published", { taskId: item.taskId, error: String(error) });
    }
  }

  /** A result whose attempt is not on the list: recorded long ago and the answer lost, or the attempt was given away. */
  private async answerLate(agentId: string, attemptId: string): Promise<void> {
    try {
      const isRecorded = (await this.history.findAttempt(attemptId))?.outcome === "COMPLETED";
      if (!isRecorded) await this.duties.files.removeAll(await this.duties.folderOf(attemptId));
      this.sockets.send(agentId, { type: "ack", attemptId, outcome: isRecorded ? "recorded" : "refused" });
    } catch (error) {
      // Not answered: the agent reports again.
      log("warn", "late result not answered", { agentId, attemptId, error: String(error) });
    }
  }

  private async doDuties(taskId: string): Promise<void> {
    if (this.busy.has(taskId)) return;
    this.busy.add(taskId);
    try {
      for (let entry = this.outbox.next(taskId, Date.now()); entry; entry = this.outbox.next(taskId, Date.now())) {
        if (!(await this.doDuty(entry))) break;
      }
    } finally {
      this.busy.delete(taskId);
      this.arm();
    }
  }

  private async doDuty(entry: OutboxEntry): Promise<boolean> {
    const { duty } = entry;
    try {
      const outcome = await performDuty(this.duties, duty);
      this.outbox.done(entry.id);
      const attempt = "attempt" in duty ? duty.attempt : null;
      if (outcome.kind === "ended") {
        this.newest.delete(duty.taskId);
        onEnded(this.store, duty.taskId, attempt?.id ?? null);
        if (attempt) this.acknowledge(attempt.agentId, attempt.id, outcome.outcome === "refused" ? "refused" : "recorded");
      } else if (outcome.kind === "start-refused" && attempt) {
        this.apply(onStartRefused(this.store, duty.taskId, attempt));
      } else if (outcome.kind === "result-unusable" && attempt) {
        this.acknowledge(attempt.agentId, attempt.id, "refused");
        this.apply(onResultUnusable(this.store, duty.taskId, attempt, outcome.reason, this.clock()));
      }
      return true;
    } catch (error) {
      log("error", "duty failed, will be repeated", { taskId: duty.taskId, duty: duty.kind, tries: entry.tries, error: String(error) });
      this.outbox.postpone(entry, Date.now());
      return false;
    }
  }

  private acknowledge(agentId: string, attemptId: string, outcome: "recorded" | "refused"): void {
    this.sockets.send(agentId, { type: "ack", attemptId, outcome });
  }

  private positionOf(item: TaskToQueue): number {
    const capable = this.store.listAgents().filter((agent) => agent.isConnected && canRun(agent, item));
    // It is counted in its own line; an item that waits is at least first.
    return Math.max(1, queuePosition(this.store, item, capable) - 1);
  }

  private hub(userId: number) {
    return this.env.USER_HUB.get(this.env.USER_HUB.idFromName(String(userId)));
  }
}
