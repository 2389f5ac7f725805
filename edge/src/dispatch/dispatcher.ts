import { DurableObject } from "cloudflare:workers";
import type { HelloMessage } from "@star-graph/shared/agent-protocol";
import type { ProgressMessage } from "@star-graph/shared/push";
import { STATE_REASONS } from "../agents/agent-view.ts";
import { createEarningsStore } from "../agents/earnings-store.ts";
import { createLedger } from "../billing/ledger.ts";
import { type Config, parseConfig } from "../config.ts";
import { type Database, openDatabase } from "../db/client.ts";
import { issueGrant } from "../files/grant.ts";
import { resultFolder } from "../files/keys.ts";
import { createFileStore } from "../files/store.ts";
import { judgeFrame } from "./agents/agent-gate.ts";
import { AgentLines, SERVICE_RESTART } from "./agents/agent-lines.ts";
import { createAgentRegister } from "./agents/agent-register.ts";
import { AGENT_IDENTITY_HEADER, AgentIdentity, type AgentSockets, createAgentSockets } from "./agents/agent-sockets.ts";
import { AgentStandings } from "./agents/agent-standings.ts";
import { DispatchShell, type Onlookers } from "./dispatch-shell.ts";
import { createHistory } from "./duties/history.ts";
import { createOutbox } from "./duties/outbox.ts";
import { UserNews } from "./duties/user-news.ts";
import type { AgentCommand } from "./queue/agent-intake.ts";
import type { DispatchStore } from "./queue/store.ts";
import type { SubmitQuota } from "./queue/submit-limit.ts";
import type { Admission, LiveTask, TaskToQueue } from "./queue/types.ts";
import type { Destinations } from "./recovery/move-tasks.ts";
import { dispatcherName, type Shard } from "./shards/pools.ts";
import { type ShardSummary, summarise } from "./shards/shard-summary.ts";
import { createSqliteStore } from "./storage/sqlite-store.ts";
import { createSubmitCounts } from "./storage/submit-counts.ts";
import { type AgentView, type QueueFigures, viewFleet } from "./views/fleet-view.ts";
import { LiveTasks } from "./views/live-tasks.ts";
import { ProgressFeed } from "./views/progress-feed.ts";

/**
 * One shard of one pool: its queue, its leases, its agents' sockets. What it does is in `DispatchShell`; this class joins that to the
 * platform: RPC, sockets, storage, the alarm, D1, R2 and the hubs.
 *
 * Called by the Worker (RPC, agent upgrades), by agents (frames), by its alarm and by the cron trigger's sweep.
 * Survives eviction: work list, agents and outbox in its SQLite, sockets by hibernation. Lost with memory: the newest
 * step of running tasks, until their agents say the next. Lost with its storage: nothing that the sweep does not
 * rebuild from D1.
 */
export class Dispatcher extends DurableObject {
  private readonly config: Config;
  private readonly store: DispatchStore;
  private readonly sockets: AgentSockets;
  private readonly lines: AgentLines;
  private readonly standings: AgentStandings;
  private readonly feed: ProgressFeed;
  private readonly live: LiveTasks;
  private readonly shell: DispatchShell;

  constructor(ctx: DurableObjectState, env: Cloudflare.Env) {
    super(ctx, env);
    this.config = parseConfig(env);
    const db = openDatabase(env.DB);
    const hubOf = (userId: number) => env.USER_HUB.get(env.USER_HUB.idFromName(String(userId)));
    const news = new UserNews(hubOf, this.config.publicBaseUrl);
    this.store = createSqliteStore(ctx.storage.sql, this.config.limits);
    this.sockets = createAgentSockets(ctx);
    this.lines = new AgentLines({
      sockets: this.sockets,
      allSockets: () => ctx.getWebSockets(),
      register: createAgentRegister(db),
      timings: this.config.timings,
      onGone: (agentId) => this.shell.agentGone(agentId),
    });
    this.standings = this.createStandings(db);
    this.feed = new ProgressFeed({
      publish: (userId, message) => news.publishProgress(userId, message),
      watch: (agentId, attemptId, watching) => this.lines.send(agentId, { type: "watch", attemptId, watching }),
      pause: (ms) => scheduler.wait(ms),
      now: () => Date.now(),
    });
    this.live = new LiveTasks({ store: this.store, feed: this.feed, news, clock: () => this.shell.clock() });
    this.shell = this.createShell(db, news);
    // Of agents that the work list does not know, because it was lost: they come again and say what they still run.
    for (const ws of ctx.getWebSockets()) {
      const { agentId } = this.sockets.read(ws);
      if (agentId && !this.store.getAgent(agentId)) this.lines.close(ws, SERVICE_RESTART, "say hello again");
    }
    this.shell.wake((agentId) => this.sockets.isConnected(agentId));
  }

  private createShell(db: Database, news: UserNews): DispatchShell {
    const { ctx, env, config, store, lines } = this;
    const history = createHistory(db);
    return new DispatchShell({
      ...config,
      store,
      history,
      lines,
      outbox: createOutbox(ctx.storage.sql),
      submits: createSubmitCounts(ctx.storage.sql),
      duties: {
        ...history,
        ...createLedger(db, config),
        files: createFileStore(env.FILES),
        folderOf: (attemptId) => resultFolder(config.tokenSecret, attemptId),
        fileUrl: (key) => `${config.publicFilesUrl}/files/${key}`,
        publishEnd: (userId, message, callbackUrl) => news.publishEnd(userId, message, callbackUrl),
      },
      onlookers: this.createOnlookers(),
      issueGrant: (attempt, now) => issueGrant(config.tokenSecret, attempt, now),
      lastPingAt: (agentId) => this.sockets.lastPingAt(agentId),
      setAlarm: (at) => ctx.waitUntil(ctx.storage.setAlarm(at)),
      background: (work) => ctx.waitUntil(work),
      pause: (ms) => scheduler.wait(ms),
      enqueueAt: (shard, task) => env.DISPATCHER.get(env.DISPATCHER.idFromName(dispatcherName(shard))).takeOver(task),
      newAttemptId: () => crypto.randomUUID(),
      now: () => Date.now(),
    });
  }

  private createOnlookers(): Onlookers {
    return {
      onWaiting: (taskId) => this.ctx.waitUntil(this.live.tellWaiting(taskId)),
      onStatus: (taskId) => this.ctx.waitUntil(this.live.tellStatus(taskId)),
      onProgress: (item) => this.ctx.waitUntil(this.live.tellProgress(item)),
      onAttemptOver: ({ id, agentId }, isCompleted) => {
        this.live.attemptOver(id);
        if (isCompleted) this.ctx.waitUntil(this.standings.earn(agentId));
      },
      onChange: () => this.standings.changed(),
    };
  }

  private createStandings(db: Database): AgentStandings {
    const { sockets, lines, store, config } = this;
    return new AgentStandings({
      store,
      connectedAgents: () => sockets.connectedAgents(),
      send: (agentId, message) => lines.send(agentId, message),
      toldOf: (agentId) => sockets.toldOf(agentId),
      setTold: (agentId, standing) => sockets.setTold(agentId, standing),
      words: (reason) => STATE_REASONS[reason].en,
      readEarnedToday:
        config.ownerSharePercent === 0 ? null : async (userId) => (await createEarningsStore(db).readEarnings(userId, Date.now())).today,
      now: () => Date.now(),
    });
  }

  // ---- called by the Worker ----

  /** Counts the submission, and says whether the pool takes such a task now. */
  admit(task: TaskToQueue): { quota: SubmitQuota; admission: Admission | "too-many" } {
    return this.shell.admissions.admit(task);
  }

  /** The same for a pool that is asked after another one, which has counted the submission. */
  reserve(task: TaskToQueue): Admission {
    return this.shell.admissions.reserve(task);
  }

  /** The task that a place was kept for does not come. */
  release(taskId: string): void {
    this.shell.admissions.release(taskId);
  }

  /** The same question without a submission behind it: counts nothing. */
  wouldAdmit(task: TaskToQueue): Admission {
    return this.shell.admissions.wouldAdmit(task);
  }

  enqueue(task: TaskToQueue): void {
    this.shell.enqueue(task);
  }

  /** Another shard hands it over: it may have left from here a moment ago. */
  takeOver(task: TaskToQueue): void {
    this.shell.takeOver(task);
  }

  cancel(taskId: string): void {
    this.shell.cancel(taskId);
  }

  /** Their owner's hub says that somebody looks at them. @returns how they are; those that are over or unknown are left out. */
  watchTasks(taskIds: string[]): ProgressMessage[] {
    return this.live.watch(taskIds);
  }

  /** The task that this attempt runs now. */
  runningTask(attemptId: string): { taskId: string; userId: number } | null {
    return this.live.running(attemptId);
  }

  /** What is known of these tasks beside D1; those that are not on the list are left out. */
  liveTasks(taskIds: string[]): Record<string, LiveTask> {
    return this.live.read(taskIds);
  }

  /** Whether that attempt may still bring files: fencing at the upload, so that a lost attempt leaves none. */
  mayUpload(attemptId: string): boolean {
    return this.shell.mayUpload(attemptId);
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
    return this.shell.figures();
  }

  /** @returns false when no such agent ever said hello here */
  commandAgent(agentId: string, command: AgentCommand): boolean {
    return this.shell.command(agentId, command);
  }

  /** These keys count here no more: their agents are forgotten and their sockets closed, also those that have not said hello. */
  dismissKeys(keyIds: number[], code: number, reason: string): void {
    this.lines.closeAllOf(keyIds, code, reason);
    this.shell.dismissKeys(keyIds, reason);
  }

  /** What a task's choice between shards is made from. */
  summary(shard: Shard): ShardSummary {
    return summarise(this.store, shard, Date.now());
  }

  /** Finds what fell between D1 and the work list. Each step may be repeated. */
  sweep(shard: Shard, destinations: Destinations): Promise<void> {
    return this.shell.sweep(shard, destinations);
  }

  /** An agent's upgrade, which the Worker has authenticated: the header says as whom. */
  override async fetch(request: Request): Promise<Response> {
    const identity = AgentIdentity.parse(JSON.parse(request.headers.get(AGENT_IDENTITY_HEADER) ?? "null"));
    await this.shell.expectAgent(identity);
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
    else if (verdict.kind === "message") this.shell.hear(verdict.agentId, verdict.message);
  }

  private greet(ws: WebSocket, agentId: string, hello: HelloMessage): void {
    this.lines.welcome(ws, agentId, hello);
    this.feed.agentCameBack(agentId);
    this.shell.hello(agentId, hello, this.sockets.read(ws).ownerId);
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

  override alarm(): Promise<void> {
    return this.shell.alarm();
  }
}
