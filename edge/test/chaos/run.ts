import { once } from "node:events";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Balance } from "@star-graph/shared/rest/users";
import { z } from "zod";
import { newCredentials } from "../../local/credentials.ts";
import { findPort } from "../../local/server.ts";
import { ownerPool, PUBLIC_POOL, type Shard, shardsOf } from "../../src/dispatch/shards/pools.ts";
import { Random } from "../../src/dispatch/testing/random.ts";
import { AgentProcess } from "./agent-process.ts";
import { checkExtent } from "./check-extent.ts";
import { checkFiles, checkRecord, checkStore, checkTasks, openRecord } from "./checks.ts";
import { EdgeProcess } from "./edge-process.ts";
import { NO_FAULTS } from "./faulty/faults.ts";
import type { Blow, Plan } from "./plan.ts";
import { type Proxy, startProxy } from "./proxy.ts";
import { Counts, Tally } from "./tally.ts";
import { User } from "./user.ts";

const SETUP_MS = 60_000;
const LOOK_MS = 250;
const PASSWORD = "only-for-this-run";

/** The system that is hurt. */
interface Rig {
  plan: Plan;
  stateFolder: string;
  counts: Counts;
  tally: Tally;
  edge: EdgeProcess;
  proxy: Proxy;
  agents: AgentProcess[];
  users: User[];
}

/** Told of what goes on, a line at a time. */
type Say = (text: string) => void;

/**
 * One run from an empty folder to its checks. Everything that it starts has ended when it returns or throws.
 * @param signal ends it early
 */
export async function runChaos(plan: Plan, say: Say, signal: AbortSignal): Promise<{ tally: Tally; stateFolder: string }> {
  const stateFolder = fs.mkdtempSync(path.join(os.tmpdir(), "stargraph-chaos-"));
  const counts = new Counts();
  const tally = new Tally();
  const onFault = (fault: string) => counts.add(fault);
  const random = new Random(plan.seed + 1);
  const port = await findPort(0);
  const proxy = await startProxy({ targetPort: port, random, onFault });
  const credentials = newCredentials(proxy.baseUrl);
  const { timings, cronMs, shards } = plan;
  const tokenSecret = credentials.agentKey.repeat(2);
  const edge = new EdgeProcess(
    { stateFolder, port, publicBaseUrl: proxy.baseUrl, tokenSecret, timings, cronMs, shards, credentials },
    onFault,
  );
  const rig: Rig = { plan, stateFolder, counts, tally, edge, proxy, agents: [], users: [] };
  // A blow that is under way when the run is aborted may still start something: it is awaited before everything is killed.
  const blows = new Set<Promise<void>>();
  try {
    const inTime = AbortSignal.any([signal, AbortSignal.timeout(SETUP_MS)]);
    await unlessAborted(edge.start(), inTime);
    say("the edge is up");
    await openAccounts(rig, credentials.admin, inTime);
    say("accounts are open");
    await unlessAborted(startAgents(rig, credentials.agentKey), inTime);
    say(`ready: ${rig.agents.length} agents, ${rig.users.length} users, ${plan.blows.length} blows in ${plan.blowsMs / 1000} s`);
    await hurt(rig, blows, say, signal);
    await comeToRest(rig, say, AbortSignal.any([signal, AbortSignal.timeout(plan.restMs)]));
    await judge(rig, signal);
  } finally {
    await Promise.allSettled(blows);
    await Promise.allSettled([...rig.users.map((user) => user.leave()), ...rig.agents.map((agent) => agent.kill()), edge.kill()]);
    await proxy.close();
  }
  say(`faults injected:\n${counts.toString()}`);
  return { tally, stateFolder };
}

const Registered = z.object({ data: z.object({ token: z.string(), user: z.object({ id: z.number() }) }) });
const SignedIn = z.object({ data: z.object({ token: z.string() }) });
const NewKey = z.object({ key: z.string() });

async function openAccounts(rig: Rig, admin: { username: string; password: string }, signal: AbortSignal): Promise<void> {
  const { baseUrl } = rig.proxy;
  const post = async (route: string, body: unknown): Promise<unknown> => {
    const headers = { "Content-Type": "application/json" };
    return (await fetch(`${baseUrl}/api/v1${route}`, { method: "POST", headers, body: JSON.stringify(body), signal })).json();
  };
  const { token } = SignedIn.parse(await post("/auth/login", admin)).data;
  const administrator = new User(baseUrl, { id: 0, name: "admin", token });
  for (const { name, credits } of rig.plan.users) {
    const { data } = Registered.parse(await post("/auth/register", { username: name, password: PASSWORD }));
    const { code } = await administrator.call(
      "POST",
      `/admin/users/${data.user.id}/recharge`,
      { amount: credits, reason: "chaos" },
      signal,
    );
    if (code !== 200) throw new Error(`${name} got no credits: ${code}`);
    rig.users.push(new User(baseUrl, { id: data.user.id, name, token: data.token }));
  }
}

/** All serve everybody but the last one, which serves its owner, the first user. */
async function startAgents(rig: Rig, publicKey: string): Promise<void> {
  const [owner] = rig.users;
  if (!owner) throw new Error("nobody owns the last agent");
  const { data } = await owner.call("POST", "/resources/agent-keys", { name: "own" }, AbortSignal.timeout(SETUP_MS));
  const ownKey = NewKey.parse(data).key;
  const { plan, stateFolder, proxy } = rig;
  for (let n = 1; n <= plan.agents; n++) {
    const key = n === plan.agents ? ownKey : publicKey;
    rig.agents.push(new AgentProcess({ name: `agent-${n}`, edge: proxy.baseUrl, key, slots: plan.slots, stateFolder }));
  }
  await Promise.all(rig.agents.map((agent) => agent.start()));
  const dead = rig.agents.findIndex((agent) => !agent.isRunning);
  if (dead >= 0) throw new Error(`an agent did not start: see ${path.join(stateFolder, `agent-${dead + 1}.log`)}`);
}

/** @throws the signal's reason as soon as there is one; what was awaited is left to those who end it. */
async function unlessAborted(done: Promise<void>, signal: AbortSignal): Promise<void> {
  const stop = new AbortController();
  const aborted = once(signal, "abort", { signal: stop.signal }).then(() => Promise.reject(signal.reason as Error));
  await Promise.race([done, aborted]).finally(() => {
    stop.abort();
    aborted.catch(() => undefined);
  });
}

/** Users work while blows fall; afterwards nothing fails any more. */
async function hurt(rig: Rig, under: Set<Promise<void>>, say: Say, signal: AbortSignal): Promise<void> {
  const { plan, edge, proxy, users } = rig;
  const limit = AbortSignal.any([signal, AbortSignal.timeout(plan.blowsMs + plan.restMs)]);
  await edge.setFaults(plan.edgeRates, plan.seed);
  proxy.setRates(plan.proxyRates);
  for (const user of users) user.listen();
  const watching = new AbortController();
  const watches = users.map((user) => user.watch(AbortSignal.any([watching.signal, limit])));
  const working = Promise.all(
    users.map(async (user, index) => {
      const planned = plan.users[index];
      if (planned) await user.work(planned, limit);
    }),
  );
  // Told when it is awaited, below.
  working.catch(() => undefined);
  const falling = plan.blows.map(async (blow) => {
    await sleep(blow.atMs, undefined, { signal: limit });
    const landed = strike(rig, blow).catch((error: unknown) => {
      // The edge was killed while it was told.
      if (!(error instanceof TypeError)) throw error;
      rig.counts.add("(blows that met nobody)");
    });
    under.add(landed);
    await landed;
    under.delete(landed);
  });
  await Promise.all([...falling, sleep(plan.blowsMs, undefined, { signal: limit })]);
  await edge.setFaults(NO_FAULTS, plan.seed);
  proxy.setRates(null);
  // A frame that overtook another has said something untrue. The next hello puts that right.
  proxy.cut("agents");
  say("the last blow has fallen");
  await working.catch((error: unknown) => rig.tally.check(false, `not every client was answered: ${String(error)}`));
  watching.abort();
  await Promise.all(watches);
  say("every client has been answered");
}

async function strike({ edge, proxy, agents, users, counts, plan }: Rig, blow: Blow): Promise<void> {
  switch (blow.kind) {
    case "kill an agent": {
      const agent = agents[blow.agent];
      // Dead already, by an earlier one that overlaps.
      if (!agent?.isRunning) return;
      counts.add("agent: killed and started again");
      await agent.kill();
      await sleep(blow.downMs);
      void agent.start();
      return;
    }
    case "kill the edge":
      if (!edge.isUp) return;
      counts.add("edge: killed and started again");
      await edge.kill();
      await sleep(blow.downMs);
      await edge.start();
      return;
    case "cut the agents' sockets":
      counts.add("socket of an agent: cut", proxy.cut("agents"));
      return;
    case "cut the clients' sockets":
      counts.add("socket of a client: cut", proxy.cut("clients"));
      return;
    case "take the database down":
      await edge.setFaults({ ...plan.edgeRates, isDatabaseDown: true }, plan.seed);
      await sleep(blow.forMs);
      await edge.setFaults(plan.edgeRates, plan.seed);
      return;
    case "crash the Dispatcher":
      counts.add(blow.losesStorage ? "Dispatcher: crashed, storage lost" : "Dispatcher: crashed");
      await edge.crash({ object: "Dispatcher", place: placesOf(plan, users)[blow.shard] ?? EVERYBODYS, losesStorage: blow.losesStorage });
      return;
    case "crash a UserHub":
      counts.add("UserHub: crashed");
      await edge.crash({ object: "UserHub", userId: users[blow.user]?.id ?? 0 });
  }
}

/** Until every task has ended, no Dispatcher has anything left to do, and no agent has a result left. */
async function comeToRest(rig: Rig, say: Say, limit: AbortSignal): Promise<void> {
  let open: string[] = [];
  for (;;) {
    const before = open;
    // When the time is over in the middle of a look, what the look before it has seen is the news.
    open = await unrest(rig, limit).catch((error: unknown) => (limit.aborted ? before : [String(error)]));
    if (open.length === 0) break;
    if (limit.aborted) return rig.tally.none(open, "not at rest");
    await sleep(LOOK_MS, undefined, { signal: limit }).catch(() => undefined);
  }
  rig.tally.check(true, "");
  say("at rest");
}

/** The shards of the public pool, and then each user's own. */
const placesOf = ({ shards }: Plan, users: readonly User[]): Shard[] => [
  ...shardsOf(new Map([[PUBLIC_POOL, shards]]), PUBLIC_POOL),
  ...users.map((user) => ({ pool: ownerPool(user.id), shard: 0 })),
];
const EVERYBODYS: Shard = { pool: PUBLIC_POOL, shard: 0 };

async function unrest({ plan, users, agents, edge }: Rig, signal: AbortSignal): Promise<string[]> {
  const lists = await Promise.all(users.map((user) => user.look(signal)));
  const live = lists.flatMap((list) => [...list].filter(([, status]) => status === "PENDING" || status === "PROCESSING"));
  if (live.length > 0) return live.map((entry) => entry.join(" "));
  const queues = await Promise.all(placesOf(plan, users).map((place) => edge.queue(place)));
  const left = queues.flatMap(({ items, duties }) => [...items, ...(duties > 0 ? [`${duties} duties`] : [])]);
  return [...left, ...agents.flatMap((agent) => agent.spooled().map((attempt) => `spooled ${attempt}`))];
}

async function judge(rig: Rig, signal: AbortSignal): Promise<void> {
  const { tally, users, edge, counts } = rig;
  const limit = AbortSignal.any([signal, AbortSignal.timeout(SETUP_MS)]);
  const statusOf = new Map<string, string>();
  for (const user of users) {
    const list = await user.look(limit);
    for (const [taskId, status] of list) statusOf.set(taskId, status);
    const completed = [...list].filter(([, status]) => status === "COMPLETED").map(([taskId]) => taskId);
    await checkFiles(tally, await Promise.all(completed.map((taskId) => user.detail(taskId, limit))));
    const { freezed, available } = Balance.parse((await user.call("GET", "/users/balance", undefined, limit)).data);
    tally.check(freezed === 0 && available >= 0, `${user.name} has ${freezed} frozen and ${available} available`);
    counts.add("(submissions refused for lack of credits)", user.refused);
    counts.add("(ends told by STOMP)", user.toldByStomp.size);
    counts.add("(tasks accepted)", user.accepted.size);
  }
  for (const status of statusOf.values()) counts.add(`(tasks ${status})`);
  checkTasks(tally, users, statusOf);
  const before = await edge.files();
  tally.check(await edge.sweepFiles(), "the sweep has left a file of nobody where it was");
  const files = await edge.files();
  counts.add("(files of nobody that the sweep found)", before.length - files.length);
  checkExtent(tally, rig.plan, counts);
  // Nobody writes any more.
  await Promise.all(rig.agents.map((agent) => agent.stop()));
  await edge.stop();
  const record = openRecord(rig.stateFolder);
  checkRecord(tally, record, users);
  checkStore(tally, record, files);
  record.close();
}
