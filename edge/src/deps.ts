import { type AgentKeyRow, createAgentStore } from "./agents/store.ts";
import { createAuthStore } from "./auth/store.ts";
import { createLedger } from "./billing/ledger.ts";
import { openDatabase } from "./db/client.ts";
import { AGENT_IDENTITY_HEADER, type AgentIdentity } from "./dispatch/agent-sockets.ts";
import { dispatcherName, poolOfKey } from "./dispatch/pools.ts";
import type { LiveTask, TaskToQueue } from "./dispatch/types.ts";
import { parseConfig } from "./env.ts";
import { createFileStore } from "./files/store.ts";
import { createGenerateStore } from "./generate/store.ts";
import { log } from "./http/log.ts";
import { createTaskStore } from "./tasks/store.ts";
import { createUserStore } from "./users/store.ts";

export type Deps = ReturnType<typeof createDeps>;

/** Everything the services ask for, made of this Worker's bindings: the one place where the rooms are wired together. */
export function createDeps(env: Cloudflare.Env) {
  const config = parseConfig(env);
  const db = openDatabase(env.DB);
  const dispatcher = (pool: string) => env.DISPATCHER.get(env.DISPATCHER.idFromName(dispatcherName(pool)));

  return {
    ...config,
    ...createAuthStore(db),
    ...createAgentStore(db),
    ...createGenerateStore(db),
    ...createTaskStore(db),
    ...createUserStore(db),
    ...createLedger(db),
    files: createFileStore(env.FILES),
    fileUrl: (key: string) => `${config.publicFilesUrl}/files/${key}`,
    randomBytes: (length: number) => crypto.getRandomValues(new Uint8Array(length)),

    admit: (pool: string, task: TaskToQueue) => dispatcher(pool).admit(task),
    connectedAgents: (pool: string) => dispatcher(pool).connectedAgents(),
    mayUpload: (pool: string, attemptId: string) => dispatcher(pool).mayUpload(attemptId),
    /** The task is on record: an answer of 200 does not depend on this. The sweep repeats it. */
    async enqueue(pool: string, task: TaskToQueue): Promise<void> {
      try {
        await dispatcher(pool).enqueue(task);
      } catch (error) {
        log("error", "enqueue failed, left to the sweep", { taskId: task.taskId, error: String(error) });
      }
    },
    /** The cancel is on record: the sweep stops what this did not. */
    async stop(pool: string, taskId: string): Promise<void> {
      try {
        await dispatcher(pool).cancel(taskId);
      } catch (error) {
        log("error", "stop failed, left to the sweep", { taskId, error: String(error) });
      }
    },
    async liveTasks(tasks: { id: string; pool: string }[]): Promise<Map<string, LiveTask>> {
      const pools = [...Map.groupBy(tasks, (task) => task.pool)];
      const answers = await Promise.all(pools.map(([pool, members]) => dispatcher(pool).liveTasks(members.map((task) => task.id))));
      return new Map(answers.flatMap((answer) => Object.entries(answer)));
    },
    openAgentSocket(key: AgentKeyRow, request: Request): Promise<Response> {
      const pool = poolOfKey(key);
      const identity: AgentIdentity = { keyId: key.id, pool, origin: new URL(request.url).origin };
      const headers = new Headers(request.headers);
      headers.set(AGENT_IDENTITY_HEADER, JSON.stringify(identity));
      headers.delete("Authorization");
      return dispatcher(pool).fetch(new Request(request, { headers }));
    },
    /** The session is over on record: its tokens are worth nothing whether or not this succeeds. */
    async endSockets(userId: number, sessionId: string): Promise<void> {
      try {
        await env.USER_HUB.get(env.USER_HUB.idFromName(String(userId))).endSessions(sessionId, "logged out");
      } catch (error) {
        log("error", "sockets not ended, they end with their token", { userId, error: String(error) });
      }
    },
  };
}
