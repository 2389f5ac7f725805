import { z } from "zod";
import { openDatabase } from "../../../src/db/client.ts";
import { doChores } from "../../../src/chores.ts";
import { dispatcherName, type Shard } from "../../../src/dispatch/shards/pools.ts";
import { createOrphanStore } from "../../../src/files/orphan-store.ts";
import { partOf, removeOrphans } from "../../../src/files/remove-orphans.ts";
import worker, { Dispatcher as RealDispatcher, SockSession as RealSockSession, UserHub as RealUserHub } from "../../../src/worker.ts";
import { faultyEnv } from "./bindings.ts";
import { FaultRates, setFaults } from "./faults.ts";

/*
 * The Worker as wrangler.toml's entry exports it, with faults in its bindings and a way in for the rig. Only the rig's own server loads
 * this; it listens on loopback.
 */

export class Dispatcher extends RealDispatcher {
  constructor(ctx: DurableObjectState, env: Cloudflare.Env) {
    super(ctx, faultyEnv(env));
  }

  /** What is not done. */
  inspect(): { items: string[]; duties: number } {
    const items = this.ctx.storage.sql.exec<{ task_id: string; body: string }>("SELECT task_id, body FROM work_items").toArray();
    const duties = this.ctx.storage.sql.exec<{ n: number }>("SELECT count(*) AS n FROM outbox").one().n;
    return { items: items.map((item) => `${item.task_id} ${item.body}`), duties };
  }

  /** Dies on the spot: what it was about is forgotten, its sockets break. */
  async crash(losesStorage: boolean): Promise<void> {
    if (losesStorage) await this.ctx.storage.deleteAll();
    this.ctx.abort("crashed by the rig");
  }
}

export class UserHub extends RealUserHub {
  constructor(ctx: DurableObjectState, env: Cloudflare.Env) {
    super(ctx, faultyEnv(env));
  }

  crash(): void {
    this.ctx.abort("crashed by the rig");
  }
}

export class SockSession extends RealSockSession {
  constructor(ctx: DurableObjectState, env: Cloudflare.Env) {
    super(ctx, faultyEnv(env));
  }
}

const Place = z.object({ pool: z.string(), shard: z.number() });
const Crash = z.discriminatedUnion("object", [
  z.object({ object: z.literal("Dispatcher"), place: Place, losesStorage: z.boolean() }),
  z.object({ object: z.literal("UserHub"), userId: z.number() }),
]);
const Faults = z.object({ rates: FaultRates, seed: z.number() });

/** When what is stored now is old enough to be swept. */
const SWEEP_LATER_MS = 25 * 3_600_000;

async function answerRig(request: Request, env: Cloudflare.Env): Promise<Response> {
  const url = new URL(request.url);
  switch (url.pathname) {
    case "/__chaos/faults": {
      const { rates, seed } = Faults.parse(await request.json());
      setFaults(rates, seed);
      return new Response(null, { status: 204 });
    }
    case "/__chaos/crash": {
      await crash(env, Crash.parse(await request.json()));
      return new Response(null, { status: 204 });
    }
    case "/__chaos/sweep-files":
      return Response.json({ isOrphanGone: await sweepFiles(env) });
    case "/__chaos/files":
      return Response.json(await listFiles(env.FILES));
    case "/__chaos/queue": {
      // The class exported here is the one behind the binding.
      const stub = dispatcherOf(env, { pool: url.searchParams.get("pool") ?? "", shard: Number(url.searchParams.get("shard")) });
      return Response.json(await stub.inspect());
    }
    default:
      return new Response(null, { status: 404 });
  }
}

const dispatcherOf = (env: Cloudflare.Env, place: Shard) =>
  env.DISPATCHER.get(env.DISPATCHER.idFromName(dispatcherName(place))) as unknown as DurableObjectStub<Dispatcher>;

async function crash(env: Cloudflare.Env, order: z.infer<typeof Crash>): Promise<void> {
  try {
    if (order.object === "Dispatcher") await dispatcherOf(env, order.place).crash(order.losesStorage);
    else {
      const hub = env.USER_HUB.get(env.USER_HUB.idFromName(String(order.userId))) as unknown as DurableObjectStub<UserHub>;
      await hub.crash();
    }
  } catch {
    // Who calls an object that dies is told so.
  }
}

/**
 * What the cron trigger does in days. Before it the trigger itself, at a minute a day later, with a file of nobody among those whose
 * turn it is then. @returns whether it took that one
 */
async function sweepFiles(env: Cloudflare.Env): Promise<boolean> {
  const later = Date.now() + SWEEP_LATER_MS;
  const orphan = `results/${partOf(later)}${"0".repeat(29)}/0.png`;
  await env.FILES.put(orphan, "nobody's");
  await doChores(env, () => later);
  const isOrphanGone = (await env.FILES.head(orphan)) === null;
  await removeOrphans(createOrphanStore(openDatabase(env.DB), env.FILES), "", later);
  return isOrphanGone;
}

async function listFiles(bucket: R2Bucket): Promise<{ key: string; size: number }[]> {
  const files: { key: string; size: number }[] = [];
  for (let cursor: string | null = ""; cursor !== null;) {
    const page: R2Objects = await bucket.list(cursor === "" ? {} : { cursor });
    files.push(...page.objects.map(({ key, size }) => ({ key, size })));
    cursor = page.truncated ? page.cursor : null;
  }
  return files;
}

export default {
  fetch: (request, env, ctx) =>
    new URL(request.url).pathname.startsWith("/__chaos/") ? answerRig(request, env) : worker.fetch(request, faultyEnv(env), ctx),
  scheduled: (controller, env) => worker.scheduled(controller, faultyEnv(env)),
} satisfies ExportedHandler<Cloudflare.Env>;
