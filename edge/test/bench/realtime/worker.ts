import worker, { UserHub as RealUserHub } from "../../../src/worker.ts";

/*
 * The Worker as it is, with a way in for the benchmark and, for comparison, an object that does nothing but broadcast. Only the
 * benchmark's own server loads this; it listens on loopback.
 */

export { Dispatcher, SockSession } from "../../../src/worker.ts";

/** Also the bare object, under names that no user has. */
export class UserHub extends RealUserHub {
  override async fetch(request: Request): Promise<Response> {
    if (new URL(request.url).pathname !== "/__bench/bare") return super.fetch(request);
    const { 0: client, 1: server } = new WebSocketPair();
    this.ctx.acceptWebSocket(server);
    return new Response(null, { status: 101, webSocket: client });
  }

  broadcast(text: string): void {
    for (const socket of this.ctx.getWebSockets()) socket.send(text);
  }
}

async function answerBench(request: Request, env: Cloudflare.Env): Promise<Response> {
  const { pathname, searchParams } = new URL(request.url);
  // The class exported here is the one behind the binding.
  const hub = env.USER_HUB.get(env.USER_HUB.idFromName(searchParams.get("hub") ?? "")) as unknown as DurableObjectStub<UserHub>;
  switch (pathname) {
    case "/__bench/bare":
      return hub.fetch(request);
    case "/__bench/broadcast":
      await hub.broadcast(await request.text());
      return new Response(null, { status: 204 });
    case "/__bench/end":
      await hub.publishEnd(await request.json(), null);
      return new Response(null, { status: 204 });
    default:
      return new Response(null, { status: 404 });
  }
}

export default {
  fetch: (request, env, ctx) =>
    new URL(request.url).pathname.startsWith("/__bench/") ? answerBench(request, env) : worker.fetch(request, env, ctx),
  scheduled: (controller, env) => worker.scheduled(controller, env),
} satisfies ExportedHandler<Cloudflare.Env>;
