import { AppError } from "@star-graph/shared/errors";
import type { EndMessage } from "@star-graph/shared/push";
import type { TaskStatus } from "@star-graph/shared/task";
import { createAdminModelStore } from "./admin/model-store.ts";
import { createAdminTaskStore } from "./admin/task-store.ts";
import { createAdminUserStore } from "./admin/user-store.ts";
import { createAdminWordStore } from "./admin/word-store.ts";
import { createEarningsStore } from "./agents/earnings-store.ts";
import { createAgentKeyStore } from "./agents/key-store.ts";
import { createAgentRegisterStore } from "./agents/register-store.ts";
import { type AgentKeyRow, createAgentStore } from "./agents/store.ts";
import { createAuditStore } from "./audit/store.ts";
import { createApiKeyStore } from "./auth/api-key-store.ts";
import { createAuthStore } from "./auth/store.ts";
import { createThrottleStore } from "./auth/throttle-store.ts";
import { createCreditRecords } from "./billing/credit-records.ts";
import { createLedger } from "./billing/ledger.ts";
import { createLedgerCheckStore } from "./billing/ledger-check-store.ts";
import { openDatabase } from "./db/client.ts";
import type { AgentCommand } from "./dispatch/agent-intake.ts";
import { AGENT_IDENTITY_HEADER, type AgentIdentity } from "./dispatch/agent-sockets.ts";
import { busyPools } from "./dispatch/busy-pools.ts";
import { createHistory } from "./dispatch/history.ts";
import { dispatcherName, poolOfKey } from "./dispatch/pools.ts";
import type { Admission, LiveTask, TaskToQueue } from "./dispatch/types.ts";
import { UserNews } from "./dispatch/user-news.ts";
import { parseConfig } from "./config.ts";
import type { Listener } from "./events/ticket.ts";
import { createFileStore } from "./files/store.ts";
import { createGenerateStore } from "./generate/store.ts";
import { log } from "./http/log.ts";
import type { Quota } from "./http/rate-policy.ts";
import { createIdempotencyStore } from "./idempotency/store.ts";
import { createInputStore } from "./inputs/store.ts";
import { createResourceStore } from "./resources/store.ts";
import { createRemoteClassifier } from "./moderation/classifier.ts";
import { createModeration } from "./moderation/moderate.ts";
import { createWordStore } from "./moderation/store.ts";
import { WordCache } from "./moderation/word-cache.ts";
import { createTaskHistoryStore } from "./tasks/history-store.ts";
import { createTaskStore } from "./tasks/store.ts";
import { createUserStore } from "./users/store.ts";
import { createWebhookStore } from "./webhooks/store.ts";

/** Of this isolate: building the word list's automaton costs more than a request. */
const WORDS = new WordCache();

export type Deps = ReturnType<typeof createDeps>;

/** Everything the services ask for, made of this Worker's bindings: the one place where the rooms are wired together. */
export function createDeps(env: Cloudflare.Env) {
  const config = parseConfig(env);
  const db = openDatabase(env.DB);
  const history = createHistory(db);
  /** Of this request's submissions; for the headers of its answer. */
  let submitQuota: Quota | null = null;
  const dispatcher = (pool: string) => env.DISPATCHER.get(env.DISPATCHER.idFromName(dispatcherName(pool)));
  const hub = (userId: number) => env.USER_HUB.get(env.USER_HUB.idFromName(String(userId)));

  const wordStore = createWordStore(db);

  return {
    ...config,
    ...createAuthStore(db),
    ...createApiKeyStore(db),
    ...createThrottleStore(db),
    ...createAgentStore(db),
    ...createGenerateStore(db),
    ...createTaskStore(db),
    ...createTaskHistoryStore(db),
    ...createUserStore(db),
    ...createLedger(db, config),
    ...createInputStore(db, env.FILES),
    ...createIdempotencyStore(db),
    ...createWebhookStore(db),
    ...createModeration({
      listWords: () => wordStore.listWords(),
      words: WORDS,
      classifier: config.moderationUrl === null ? null : createRemoteClassifier(config.moderationUrl, (url, init) => fetch(url, init)),
      now: () => Date.now(),
    }),
    ...createAgentKeyStore(db),
    ...createAgentRegisterStore(db),
    ...createEarningsStore(db),
    ...createResourceStore(db, env.FILES),
    ...createCreditRecords(db),
    ...createAuditStore(db),
    ...createAdminUserStore(db),
    ...createAdminTaskStore(db),
    ...createAdminModelStore(db),
    ...createAdminWordStore(db),
    forgetWords: () => WORDS.forget(),
    ...createLedgerCheckStore(db),
    busyPools: () => busyPools(db),
    findAttempt: (attemptId: string) => history.findAttempt(attemptId),
    files: createFileStore(env.FILES),
    fetch: (url: string, init: RequestInit) => fetch(url, init),
    fileUrl: (key: string) => `${config.publicFilesUrl}/files/${key}`,
    randomBytes: (length: number) => crypto.getRandomValues(new Uint8Array(length)),

    /** @throws {AppError} `TOO_MANY_REQUESTS` beyond the user's submissions. */
    async admit(pool: string, task: TaskToQueue): Promise<Admission> {
      const { quota, admission } = await dispatcher(pool).admit(task);
      submitQuota = quota;
      if (admission === "too-many") throw new AppError("TOO_MANY_REQUESTS", { retryAfterSeconds: quota.retryAfterSeconds });
      return admission;
    },
    submitQuota: () => submitQuota,
    mayRequest: async (userId: number, kind: "read" | "write"): Promise<boolean> =>
      (await env[kind === "read" ? "READ_LIMIT" : "WRITE_LIMIT"].limit({ key: `user-${userId}` })).success,
    reserve: (pool: string, task: TaskToQueue) => dispatcher(pool).reserve(task),
    wouldAdmit: (pool: string, task: TaskToQueue) => dispatcher(pool).wouldAdmit(task),
    connectedAgents: (pool: string) => dispatcher(pool).connectedAgents(),
    mayUpload: (pool: string, attemptId: string) => dispatcher(pool).mayUpload(attemptId),
    taskOfAttempt: (pool: string, attemptId: string) => dispatcher(pool).taskOfAttempt(attemptId),
    /** The task is on record: an answer of 200 does not depend on this. The sweep repeats it. */
    async enqueue(pool: string, task: TaskToQueue): Promise<void> {
      try {
        await dispatcher(pool).enqueue(task);
      } catch (error) {
        log("error", "enqueue failed, left to the sweep", { taskId: task.taskId, error: String(error) });
      }
    },
    /** The cancel is on record: the sweep stops what this did not. */
    async stop(pool: string, taskId: string): Promise<boolean> {
      try {
        await dispatcher(pool).cancel(taskId);
        return true;
      } catch (error) {
        log("error", "stop failed, left to the sweep", { taskId, error: String(error) });
        return false;
      }
    },
    /** The end is on record: the request that made it is answered with it whether or not anybody else is told. */
    async announceEnd(userId: number, message: EndMessage, callbackUrl: string | null): Promise<void> {
      try {
        await new UserNews(hub, config.publicBaseUrl).publishEnd(userId, message, callbackUrl);
      } catch (error) {
        log("error", "end not told", { taskId: message.taskId, error: String(error) });
      }
    },
    async liveTasks(tasks: { id: string; pool: string }[]): Promise<Map<string, LiveTask>> {
      const pools = [...Map.groupBy(tasks, (task) => task.pool)];
      const answers = await Promise.all(pools.map(([pool, members]) => dispatcher(pool).liveTasks(members.map((task) => task.id))));
      return new Map(answers.flatMap((answer) => Object.entries(answer)));
    },
    /** Agents as the Dispatchers of these pools see them now. A pool that does not answer is left out. */
    fleet: (pools: string[]) => askPools(pools, async (pool) => ({ pool, agents: await dispatcher(pool).fleet() })),
    queues: (pools: string[]) => askPools(pools, async (pool) => ({ pool, queue: await dispatcher(pool).queueFigures() })),
    commandAgent: (pool: string, agentId: string, command: AgentCommand): Promise<boolean> =>
      dispatcher(pool).commandAgent(agentId, command),
    /** The keys are worth nothing on record. A fault is the caller's to see: repeated, the request closes what is still open. */
    async dismissKeys(pools: string[], keyIds: number[], code: number, reason: string): Promise<void> {
      await Promise.all(pools.map((pool) => dispatcher(pool).dismissKeys(keyIds, code, reason)));
    },
    /** Whatever is wrong with the hub, the request is answered with what is known. */
    async awaitChange(userId: number, taskId: string, knownStatus: TaskStatus, waitMs: number): Promise<void> {
      try {
        await hub(userId).awaitChange(taskId, knownStatus, waitMs);
      } catch (error) {
        log("warn", "wait cut short", { taskId, error: String(error) });
      }
    },
    /** @throws {AppError} `UNAUTHORIZED` when the sign-in behind a ticket has ended. */
    async openStream({ userId, sessionId }: Listener, taskId: string, lastEventId: string | null): Promise<Response> {
      const url = `https://hub/${encodeURIComponent(taskId)}?session=${encodeURIComponent(sessionId)}`;
      const stream = await hub(userId).fetch(new Request(url, { headers: lastEventId === null ? {} : { "Last-Event-ID": lastEventId } }));
      if (stream.status === 401) throw new AppError("UNAUTHORIZED");
      return stream;
    },
    openAgentSocket(key: AgentKeyRow, request: Request): Promise<Response> {
      const pool = poolOfKey(key);
      const identity: AgentIdentity = { keyId: key.id, pool, ownerId: key.userId };
      const headers = new Headers(request.headers);
      headers.set(AGENT_IDENTITY_HEADER, JSON.stringify(identity));
      headers.delete("Authorization");
      return dispatcher(pool).fetch(new Request(request, { headers }));
    },
    /** The sessions are over on record: their tokens are worth nothing whether or not this succeeds. */
    async endSockets(userId: number, sessionIds: string[]): Promise<void> {
      if (sessionIds.length === 0) return;
      try {
        await hub(userId).endSessions(sessionIds, "logged out");
      } catch (error) {
        log("error", "sockets not ended, they end with their token", { userId, error: String(error) });
      }
    },
    /** The user is disabled on record: tokens and keys are worth nothing, and here end the sockets that they opened. */
    async endAllSockets(userId: number): Promise<void> {
      try {
        await hub(userId).endAllSessions("the account is disabled");
      } catch (error) {
        log("error", "sockets not ended, they end with their token", { userId, error: String(error) });
      }
    },
  };
}

/** Asks each pool's Dispatcher; one that does not answer does not keep the others' answers back. */
async function askPools<T>(pools: string[], ask: (pool: string) => Promise<T>): Promise<T[]> {
  const answers = await Promise.allSettled(pools.map(ask));
  return answers.flatMap((answer, index) => {
    if (answer.status === "fulfilled") return [answer.value];
    log("warn", "pool did not answer", { pool: pools[index], error: String(answer.reason) });
    return [];
  });
}
