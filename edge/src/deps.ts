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
import { createAgentStore } from "./agents/store.ts";
import { createAuditStore } from "./audit/store.ts";
import { createApiKeyStore } from "./auth/api-key-store.ts";
import { createAuthStore } from "./auth/store.ts";
import { createThrottleStore } from "./auth/throttle-store.ts";
import { createCreditRecords } from "./billing/credit-records.ts";
import { createLedger } from "./billing/ledger.ts";
import { createLedgerCheckStore } from "./billing/ledger-check-store.ts";
import { openDatabase } from "./db/client.ts";
import { busyPools } from "./dispatch/shards/busy-shards.ts";
import { createDispatchClient } from "./dispatch/dispatch-client.ts";
import { createHistory } from "./dispatch/duties/history.ts";
import { UserNews } from "./dispatch/duties/user-news.ts";
import { parseConfig } from "./config.ts";
import type { Listener } from "./events/ticket.ts";
import type { Picture } from "./hub/previews.ts";
import { createFileStore } from "./files/store.ts";
import { createGenerateStore } from "./generate/store.ts";
import { log } from "./http/log.ts";
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
    ...createDispatchClient(env, config),
    busyPools: () => busyPools(db),
    findAttempt: (attemptId: string) => history.findAttempt(attemptId),
    files: createFileStore(env.FILES),
    fetch: (url: string, init: RequestInit) => fetch(url, init),
    fileUrl: (key: string) => `${config.publicFilesUrl}/files/${key}`,
    randomBytes: (length: number) => crypto.getRandomValues(new Uint8Array(length)),

    mayRequest: async (userId: number, kind: "read" | "write"): Promise<boolean> =>
      (await env[kind === "read" ? "READ_LIMIT" : "WRITE_LIMIT"].limit({ key: `user-${userId}` })).success,
    /** The end is on record: the request that made it is answered with it whether or not anybody else is told. */
    async announceEnd(userId: number, message: EndMessage, callbackUrl: string | null): Promise<void> {
      try {
        await new UserNews(hub, config.publicBaseUrl).publishEnd(userId, message, callbackUrl);
      } catch (error) {
        log("error", "end not told", { taskId: message.taskId, error: String(error) });
      }
    },
    keepPreview: (userId: number, taskId: string, picture: Picture): Promise<boolean> => hub(userId).keepPreview(taskId, picture),
    async findPreview(hubId: string, token: string): Promise<Picture | null> {
      const id = hubIdOf(env, hubId);
      return id && (await env.USER_HUB.get(id).findPreview(token));
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
    async openStream({ userId, sessionId, until }: Listener, taskId: string, lastEventId: string | null): Promise<Response> {
      const query = new URLSearchParams({ user: String(userId), session: sessionId, until: String(until) });
      const url = `https://hub/${encodeURIComponent(taskId)}?${query.toString()}`;
      const stream = await hub(userId).fetch(new Request(url, { headers: lastEventId === null ? {} : { "Last-Event-ID": lastEventId } }));
      if (stream.status === 401) throw new AppError("UNAUTHORIZED");
      return stream;
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

/** Null for what is no id of a hub. */
function hubIdOf(env: Cloudflare.Env, hubId: string): DurableObjectId | null {
  try {
    return env.USER_HUB.idFromString(hubId);
  } catch {
    return null;
  }
}
