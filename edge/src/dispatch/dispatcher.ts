import { DurableObject } from "cloudflare:workers";
import type { HelloMessage } from "@star-graph/shared/agent-protocol";
import type { ProgressMessage } from "@star-graph/shared/push";
import type { TaskProgress } from "@star-graph/shared/task";
import { STATE_REASONS } from "../agents/agent-view.ts";
import { createEarningsStore } from "../agents/earnings-store.ts";
import { createLedger } from "../billing/ledger.ts";
import { openDatabase } from "../db/client.ts";
import { type Config, parseConfig } from "../config.ts";
import { resultFolder } from "../files/keys.ts";
import type { FileStore } from "../files/receive-upload.ts";
import { createFileStore } from "../files/store.ts";
import { log } from "../http/log.ts";
import { onAgentGone, onAgentHello, onAgentMessage } from "./queue/agent-events.ts";
import { judgeFrame } from "./agents/agent-gate.ts";
import { type AgentCommand, onAgentCommand, onAgentDismissed } from "./queue/agent-intake.ts";
import { AgentStandings } from "./agents/agent-standings.ts";
import { AgentLines, SERVICE_RESTART } from "./agents/agent-lines.ts";
import { createAgentRegister } from "./agents/agent-register.ts";
import { AGENT_IDENTITY_HEADER, AgentIdentity, type AgentSockets, createAgentSockets } from "./agents/agent-sockets.ts";
import type { QueueClock } from "./queue/clock.ts";
import { onDutyDone } from "./queue/duty-outcomes.ts";
import { admit } from "./queue/estimate.ts";
import { type AgentView, type QueueFigures, viewFleet, viewQueue } from "./views/fleet-view.ts";
import { createHistory, type History } from "./duties/history.ts";
import { answerLateResult, type LateResultDeps } from "./duties/late-result.ts";
import { makeOffer, type MakeOfferDeps } from "./duties/make-offer.ts";
import { progressMessage, viewItem, waitingMessage } from "./views/live-view.ts";
import { LeftTasks } from "./queue/left-tasks.ts";
import { type Destinations, moveTasks, type MoveTasksDeps } from "./recovery/move-tasks.ts";
import { createOutbox, type Outbox } from "./duties/outbox.ts";
import { OutboxWorker } from "./duties/outbox-worker.ts";
import type { PerformDutyDeps } from "./duties/perform-duty.ts";
import { dispatcherName, type Shard } from "./shards/pools.ts";
import { ProgressFeed } from "./views/progress-feed.ts";
import { Reservations } from "./queue/reservations.ts";
import { type ShardSummary, summarise } from "./shards/shard-summary.ts";
import { expectedMs } from "./queue/speeds.ts";
import { createSqliteStore } from "./storage/sqlite-store.ts";
import type { DispatchStore } from "./queue/store.ts";
import { createSubmitCounts, type SubmitCounts } from "./storage/submit-counts.ts";
import { countSubmit, type SubmitQuota } from "./queue/submit-limit.ts";
import { type SweepDeps, stopEnded, takeUp } from "./recovery/sweep.ts";
import { onCancelOrdered, onTaskSubmitted } from "./queue/task-events.ts";
import { tidy } from "./queue/tidy.ts";
import { onTick } from "./queue/tick.ts";
import type { Admission, Duty, DutyOutcome, Effect, LiveTask, TaskToQueue, WorkItemIn } from "./queue/types.ts";
import { UserNews } from "./duties/user-news.ts";

/** While tasks run, D1 is asked this often whether one of them was cancelled without a word from the Worker. */
const ENDED_CHECK_MS = 30_000;
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
  /** Places of tasks that were admitted and have not arrived. */
  private readonly reserved = new Reservations();
  private readonly outbox: Outbox;
  private readonly sockets: AgentSockets;
  private readonly history: History;
  private readonly lines: AgentLines;
  private readonly files: FileStore;
  private readonly news: UserNews;
  private readonly standings: AgentStandings;
  private readonly feed: ProgressFeed;
  private readonly worker: OutboxWorker;
  private readonly offering: MakeOfferDeps & LateResultDeps;
  private readonly sweeping: SweepDeps & MoveTasksDeps;
  private readonly left = new LeftTasks();
  private alarmAt: number | null = null;
  private endedCheckedAt = 0;

  constructor(ctx: DurableObjectState, env: Cloudflare.Env) {
    super(ctx, env);
    this.config = parseConfig(env);
    this.store = createSqliteStore(ctx.storage.sql, this.config.limits);
    this.submits = createSubmitCounts(ctx.storage.sql);
    this.outbox = createOutbox(ctx.storage.sql);
    this.sockets = createAgentSockets(ctx);
    const db = openDatabase(env.DB);
    this.history = createHistory(db);
    this.lines = new AgentLines({
      sockets: this.sockets,
      allSockets: () => ctx.getWebSockets(),
      register: createAgentRegister(db),
      timings: this.config.timings,
      onGone: (agentId) => onAgentGone(this.store, agentId, Date.now()),
    });
    this.files = createFileStore(env.FILES);
    this.news = new UserNews((userId) => env.USER_HUB.get(env.USER_HUB.idFromName(String(userId))), this.config.publicBaseUrl);
    this.standings = new AgentStandings({
      store: this.store,
      connectedAgents: () => this.sockets.connectedAgents(),
      send: (agentId, message) => this.lines.send(agentId, message),
      toldOf: (agentId) => this.sockets.toldOf(agentId),
      setTold: (agentId, standing) => this.sockets.setTold(agentId, standing),
      words: (reason) => STATE_REASONS[reason].en,
      readEarnedToday:
        this.config.ownerSharePercent === 0
          ? null
          : async (userId) => (await createEarningsStore(db).readEarnings(userId, Date.now())).today,
      now: () => Date.now(),
    });
    this.feed = new ProgressFeed({
      publish: (userId, message) => this.news.publishProgress(userId, message),
      watch: (agentId, attemptId, watching) => this.lines.send(agentId, { type: "watch", attemptId, watching }),
      pause: (ms) => scheduler.wait(ms),
      now: () => Date.now(),
    });
    const folderOf = (attemptId: string) => resultFolder(this.config.tokenSecret, attemptId);
    const deps: PerformDutyDeps = {
      ...this.history,
      ...createLedger(db, this.config),
      files: this.files,
      folderOf,
      fileUrl: (key) => `${this.config.publicFilesUrl}/files/${key}`,
      publishEnd: (userId, message, callbackUrl) => this.news.publishEnd(userId, message, callbackUrl),
    };
    this.worker = new OutboxWorker(this.outbox, deps, (duty, outcome) => this.onDutyDone(duty, outcome));
    this.offering = {
      ...this.history,
      ...this.config,
      store: this.store,
      files: this.files,
      folderOf,
      send: (agentId, message) => this.lines.send(agentId, message),
      apply: (effects) => this.apply(effects),
      clock: () => this.clock(),
      pause: (ms) => scheduler.wait(ms),
    };
    this.sweeping = {
      store: this.store,
      history: this.history,
      left: this.left,
      apply: (effects) => this.apply(effects),
      clock: () => this.clock(),
      hasDuties: (taskId) => this.outbox.hasDuties(taskId),
      enqueueAt: (shard, task) => env.DISPATCHER.get(env.DISPATCHER.idFromName(dispatcherName(shard))).takeOver(task),
    };
    // Of agents that the work list does not know, because it was lost: they come again and say what they still run.
    for (const ws of ctx.getWebSockets()) {
      const { agentId } = this.sockets.read(ws);
      if (agentId && !this.store.getAgent(agentId)) this.lines.close(ws, SERVICE_RESTART, "say hello again");
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
    return { quota, admission: this.reserve(task) };
  }

  /** The same for a pool that is asked after another one, which has counted the submission. */
  reserve(task: TaskToQueue): Admission {
    const admission = this.wouldAdmit(task);
    if (admission.admitted) this.reserved.take(task.userId, task.taskId, Date.now());
    return admission;
  }

  /** The task that a place was kept for does not come. */
  release(taskId: string): void {
    this.reserved.release(taskId);
  }

  /** The same question without a submission behind it: counts nothing. */
  wouldAdmit(task: TaskToQueue): Admission {
    return admit(this.store, this.reserved, task, this.clock());
  }

  enqueue(task: TaskToQueue): void {
    this.reserved.release(task.taskId);
    if (this.left.has(task.taskId, Date.now())) return;
    this.apply(onTaskSubmitted(this.store, task, this.clock()));
    this.sayWaiting(task.taskId);
  }

  /** Another shard hands it over: it may have left from here a moment ago. */
  takeOver(task: TaskToQueue): void {
    this.left.forget(task.taskId);
    this.enqueue(task);
  }

  private sayWaiting(taskId: string): void {
    const item = this.store.getItem(taskId);
    if (item?.state === "waiting")
      this.ctx.waitUntil(this.news.publishWaiting(item.userId, waitingMessage(this.store, item, this.clock())));
  }

  /** Their owner's hub says that somebody looks at them. @returns how they are; those that are over or unknown are left out. */
  watchTasks(taskIds: string[]): ProgressMessage[] {
    return taskIds.flatMap((taskId) => {
      const item = this.store.getItem(taskId);
      if (item?.state === "waiting" || item?.state === "offered") return [waitingMessage(this.store, item, this.clock())];
      if (item?.state !== "running") return [];
      this.feed.watched(item.attempt.id, item.attempt.agentId, item.userId);
      return [this.progressOf(item, this.news.newestOf(item.attempt.id) ?? item.progress)];
    });
  }

  /** The task that this attempt runs now. */
  runningTask(attemptId: string): { taskId: string; userId: number } | null {
    const item = this.store.findByAttempt(attemptId);
    return item?.state === "running" ? { taskId: item.taskId, userId: item.userId } : null;
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
        viewItem(this.store, item, "attempt" in item && item.attempt ? this.news.newestOf(item.attempt.id) : undefined, this.clock()),
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
    this.lines.closeAllOf(keyIds, code, reason);
    for (const { agentId } of this.store.listAgents()) {
      if (keyIds.some((keyId) => agentId.startsWith(`${keyId}.`))) this.apply(onAgentDismissed(this.store, agentId, reason, this.clock()));
    }
  }

  /** What a task's choice between shards is made from. */
  summary(shard: Shard): ShardSummary {
    return summarise(this.store, shard, Date.now());
  }

  /** Finds what fell between D1 and the work list. Each step may be repeated. */
  async sweep(shard: Shard, destinations: Destinations): Promise<void> {
    await takeUp(this.sweeping, shard, Date.now() - SWEEP_AGE_MS);
    await this.stopEnded();
    await moveTasks(this.sweeping, shard, destinations, Date.now() + 1);
    this.submits.dropFull(Date.now());
    tidy(this.store, this.clock());
    this.tick();
  }

  private async stopEnded(): Promise<void> {
    await stopEnded(this.sweeping);
    this.endedCheckedAt = Date.now();
  }

  /** An agent's upgrade, which the Worker has authenticated: the header says as whom. */
  override async fetch(request: Request): Promise<Response> {
    const identity = AgentIdentity.parse(JSON.parse(request.headers.get(AGENT_IDENTITY_HEADER) ?? "null"));
    // New, or its storage was lost: before an agent is told to stop an attempt that nobody knows, D1 is asked.
    if (this.store.agents.size === 0) await takeUp(this.sweeping, identity, Date.now() + 1);
    const { 0: client, 1: server } = new WebSocketPair();
    this.sockets.accept(server, identity, Date.now());
    return new Response(null, { status: 101, webSocket: client });
  }

  // ---- called by agents ----

  override webSocketMessage(ws: WebSocket, data: string | ArrayBuffer): void {
    // What an agent had on its way when its socket was refused or replaced is nobody's word any more.
    if (ws.readyState !== WebSocket.OPEN) return;
    const verdict = judgeFrame(data, this.sockets.read(ws));
    if (verdict.kind === "broken") this.lines.refuse(ws, verdict.reason);
    else if (verdict.kind === "wrong-version") this.lines.refuseVersion(ws, verdict);
    else if (verdict.kind === "hello") this.greet(ws, verdict.agentId, verdict.hello);
    else if (verdict.kind === "message") this.apply(onAgentMessage(this.store, verdict.agentId, verdict.message, this.clock()));
  }

  private greet(ws: WebSocket, agentId: string, hello: HelloMessage): void {
    this.lines.welcome(ws, agentId, hello);
    this.feed.agentCameBack(agentId);
    this.apply(onAgentHello(this.store, agentId, hello, this.clock(), this.sockets.read(ws).ownerId));
    this.ctx.waitUntil(this.checkIn(ws, agentId, hello));
    this.ctx.waitUntil(this.standings.earn(agentId));
  }

  private async checkIn(ws: WebSocket, agentId: string, hello: HelloMessage): Promise<void> {
    const dismissal = await this.lines.checkIn(ws, agentId, hello);
    if (dismissal) this.dismissKeys([dismissal.keyId], dismissal.code, dismissal.reason);
  }

  override webSocketClose(ws: WebSocket, code: number): void {
    this.lines.drop(ws);
    // Without it the other side would see 1006; codes that may not be sent are answered by a plain close.
    ws.close(code >= 3000 || code === 1000 ? code : 1000);
  }

  override webSocketError(ws: WebSocket): void {
    this.lines.drop(ws);
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
    // What is due at once has no time worth the name, and the platform takes none before 1970.
    this.ctx.waitUntil(this.ctx.storage.setAlarm(Math.max(earliest, 1)));
  }

  private clock(): QueueClock {
    return { now: Date.now(), timings: this.config.timings, limits: this.config.limits, newAttemptId: () => crypto.randomUUID() };
  }

  // ---- what decisions ask for ----

  private apply(effects: Effect[]): void {
    const duties = effects.filter((effect) => effect.kind === "duty").map((effect) => effect.duty);
    // Stored before anything is sent, in the same turn as the decision: both or neither.
    for (const duty of duties) this.outbox.add(duty);
    for (const effect of effects) {
      if (effect.kind === "send") this.lines.send(effect.agentId, effect.message);
      else if (effect.kind === "close") this.sockets.socketOf(effect.agentId)?.close(effect.code, effect.reason);
      else if (effect.kind === "offer") this.ctx.waitUntil(makeOffer(this.offering, effect.item));
      else if (effect.kind === "late") this.ctx.waitUntil(answerLateResult(this.offering, effect.agentId, effect.attemptId));
      else if (effect.kind === "progress") this.ctx.waitUntil(this.sayProgress(effect.item));
    }
    for (const taskId of new Set(duties.map((duty) => duty.taskId))) this.ctx.waitUntil(this.workOff(taskId));
    this.standings.changed();
    this.arm();
  }

  private sayProgress(item: WorkItemIn<"running">): Promise<void> {
    const { id, agentId } = item.attempt;
    return this.feed.say(id, agentId, item.userId, this.progressOf(item, this.news.take(item)));
  }

  private progressOf(item: WorkItemIn<"running">, progress: TaskProgress): ProgressMessage {
    return progressMessage(item, progress, expectedMs(this.store, item), Date.now());
  }

  private async workOff(taskId: string): Promise<void> {
    await this.worker.work(taskId);
    this.arm();
  }

  private onDutyDone(duty: Duty, outcome: DutyOutcome): void {
    const { taskId, attempt } = duty;
    if (attempt && duty.kind !== "started") {
      this.news.forget(attempt.id);
      this.feed.forget(attempt.id);
    }
    if (duty.kind === "lost") this.sayWaiting(taskId);
    if (duty.kind === "started" || duty.kind === "lost") {
      const item = this.store.getItem(taskId);
      if (item) this.ctx.waitUntil(this.news.tellStatus(item.userId, taskId));
    }
    if (attempt && duty.kind === "completed") this.ctx.waitUntil(this.standings.earn(attempt.agentId));
    this.apply(onDutyDone(this.store, duty, outcome, this.clock()));
  }
}
