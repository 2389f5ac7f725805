import { AGENT_ID_HEADER } from "@star-graph/shared/agent-protocol";
import { AppError } from "@star-graph/shared/errors";
import type { ProgressMessage } from "@star-graph/shared/push";
import type { AgentKeyRow } from "../agents/store.ts";
import type { Config } from "../config.ts";
import { log } from "../http/log.ts";
import type { Quota } from "../http/rate-policy.ts";
import type { AgentCommand } from "./queue/agent-intake.ts";
import { AGENT_IDENTITY_HEADER, type AgentIdentity } from "./agents/agent-sockets.ts";
import { dispatcherName, poolOfKey, type Shard, shardOfAgent, shardsOf } from "./shards/pools.ts";
import { ShardSummaries } from "./shards/shard-summaries.ts";
import { rankShards } from "./shards/shard-summary.ts";
import { sweepPool } from "./recovery/sweep-pools.ts";
import type { Admission, LiveTask, TaskToQueue } from "./queue/types.ts";

/** Of this isolate. */
const SUMMARIES = new ShardSummaries();
const AGENT_ID = /^[A-Za-z0-9_-]{8,64}$/;

/** What the Worker asks of the Dispatchers, by pool where a task or agent may be in any of its shards. */
export function createDispatchClient(env: Cloudflare.Env, { shards: counts }: Pick<Config, "shards">) {
  const dispatcher = (shard: Shard) => env.DISPATCHER.get(env.DISPATCHER.idFromName(dispatcherName(shard)));
  const shardsOfPools = (pools: string[]) => pools.flatMap((pool) => shardsOf(counts, pool));
  /** Of this request's submissions; for the headers of its answer. */
  let submitQuota: Quota | null = null;

  return {
    /** The pool's shards that may take a task, in the order to ask them. */
    async shardsFor(pool: string, task: TaskToQueue): Promise<Shard[]> {
      const shards = shardsOf(counts, pool);
      if (shards.length === 1) return shards;
      const read = () => askShards(shards, (shard) => dispatcher(shard).summary(shard));
      const summaries = await SUMMARIES.of(pool, Date.now(), read);
      return summaries.length > 0 ? rankShards(summaries, task) : shards;
    },
    /** @throws {AppError} `TOO_MANY_REQUESTS` beyond the user's submissions. */
    async admit(shard: Shard, task: TaskToQueue): Promise<Admission> {
      const { quota, admission } = await dispatcher(shard).admit(task);
      submitQuota = quota;
      if (admission === "too-many") throw new AppError("TOO_MANY_REQUESTS", { retryAfterSeconds: quota.retryAfterSeconds });
      return admission;
    },
    submitQuota: () => submitQuota,
    reserve: (shard: Shard, task: TaskToQueue) => dispatcher(shard).reserve(task),
    /** A place that nobody gives back is free again after a few seconds. */
    async release(shard: Shard, taskId: string): Promise<void> {
      try {
        await dispatcher(shard).release(taskId);
      } catch (error) {
        log("warn", "place not given back, it runs out", { taskId, error: String(error) });
      }
    },
    wouldAdmit: (shard: Shard, task: TaskToQueue) => dispatcher(shard).wouldAdmit(task),
    async connectedAgents(pool: string): Promise<number> {
      const counted = await Promise.all(shardsOf(counts, pool).map((shard) => dispatcher(shard).connectedAgents()));
      return counted.reduce((sum, agents) => sum + agents, 0);
    },
    mayUpload: (shard: Shard, attemptId: string) => dispatcher(shard).mayUpload(attemptId),
    taskOfAttempt: (shard: Shard, attemptId: string) => dispatcher(shard).taskOfAttempt(attemptId),
    /** The task is on record: an answer of 200 does not depend on this. The sweep repeats it. */
    async enqueue(shard: Shard, task: TaskToQueue): Promise<void> {
      try {
        await dispatcher(shard).enqueue(task);
      } catch (error) {
        log("error", "enqueue failed, left to the sweep", { taskId: task.taskId, error: String(error) });
      }
    },
    /** The cancel is on record: the sweep stops what this did not. */
    async stop(shard: Shard, taskId: string): Promise<boolean> {
      try {
        await dispatcher(shard).cancel(taskId);
        return true;
      } catch (error) {
        log("error", "stop failed, left to the sweep", { taskId, error: String(error) });
        return false;
      }
    },
    async liveTasks(tasks: ({ id: string } & Shard)[]): Promise<Map<string, LiveTask>> {
      const groups = [...Map.groupBy(tasks, dispatcherName)];
      const named = (name: string) => env.DISPATCHER.get(env.DISPATCHER.idFromName(name));
      const answers = await Promise.all(groups.map(([name, members]) => named(name).liveTasks(members.map((task) => task.id))));
      return new Map(answers.flatMap((answer) => Object.entries(answer)));
    },
    /** How these tasks are, and that somebody looks at them now. A shard that does not answer is left out. */
    async watchTasks(tasks: ({ id: string } & Shard)[]): Promise<ProgressMessage[]> {
      const groups = Map.groupBy(tasks, dispatcherName);
      // One of each stands for its shard.
      const shards = [...groups.values()].flatMap(([first]) => first ?? []);
      const idsIn = (shard: Shard) => (groups.get(dispatcherName(shard)) ?? []).map((task) => task.id);
      return (await askShards(shards, (shard) => dispatcher(shard).watchTasks(idsIn(shard)))).flat();
    },
    runningTask: (shard: Shard, attemptId: string) => dispatcher(shard).runningTask(attemptId),
    /** Agents as the Dispatchers of these pools see them now. A shard that does not answer is left out. */
    fleet: (pools: string[]) =>
      askShards(shardsOfPools(pools), async (shard) => ({ pool: shard.pool, agents: await dispatcher(shard).fleet() })),
    queues: (pools: string[]) =>
      askShards(shardsOfPools(pools), async (shard) => ({ pool: shard.pool, queue: await dispatcher(shard).queueFigures() })),
    /** @returns false when no shard of that pool knows such an agent */
    async commandAgent(pool: string, agentId: string, command: AgentCommand): Promise<boolean> {
      // Where it connected is told by its id, unless it was spread with its key or the pool has other shards since.
      const heard = await Promise.all(shardsOf(counts, pool).map((shard) => dispatcher(shard).commandAgent(agentId, command)));
      return heard.includes(true);
    },
    /** The keys are worth nothing on record. A fault is the caller's to see: repeated, the request closes what is still open. */
    async dismissKeys(pools: string[], keyIds: number[], code: number, reason: string): Promise<void> {
      await Promise.all(shardsOfPools(pools).map((shard) => dispatcher(shard).dismissKeys(keyIds, code, reason)));
    },
    /** What waits there may have to go elsewhere now. May fail: the cron trigger does it again. */
    async sweepPool(pool: string): Promise<void> {
      try {
        await sweepPool(env, pool);
      } catch (error) {
        log("warn", "pool not swept, left to the cron trigger", { pool, error: String(error) });
      }
    },
    openAgentSocket(key: AgentKeyRow, request: Request): Promise<Response> {
      const named = request.headers.get(AGENT_ID_HEADER) ?? "";
      // One that does not name itself goes where its key does.
      const shard = shardOfAgent(counts, poolOfKey(key), AGENT_ID.test(named) ? `${key.id}.${named}` : String(key.id));
      const identity: AgentIdentity = { keyId: key.id, ownerId: key.userId, ...shard };
      const headers = new Headers(request.headers);
      headers.set(AGENT_IDENTITY_HEADER, JSON.stringify(identity));
      headers.delete("Authorization");
      return dispatcher(shard).fetch(new Request(request, { headers }));
    },
  };
}

/** Asks each of them; one that does not answer does not keep the others' answers back. */
async function askShards<T>(shards: Shard[], ask: (shard: Shard) => Promise<T>): Promise<T[]> {
  const answers = await Promise.allSettled(shards.map(ask));
  return answers.flatMap((answer, index) => {
    if (answer.status === "fulfilled") return [answer.value];
    log("warn", "shard did not answer", { ...shards[index], error: String(answer.reason) });
    return [];
  });
}
