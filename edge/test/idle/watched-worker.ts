import worker, { Dispatcher as RealDispatcher, SockSession, UserHub } from "../../src/worker.ts";

/*
 * The Worker as wrangler.toml's entry exports it, with a Dispatcher that says each time that it wakes. Only the idle measurement loads it.
 */

const say = (woke: string): void => console.log(JSON.stringify({ woke }));

export class Dispatcher extends RealDispatcher {
  constructor(ctx: DurableObjectState, env: Cloudflare.Env) {
    super(ctx, env);
    say("started");
  }

  override webSocketMessage(...said: Parameters<RealDispatcher["webSocketMessage"]>): void {
    say("heard an agent");
    super.webSocketMessage(...said);
  }

  override async alarm(): Promise<void> {
    say("alarm");
    await super.alarm();
  }
}

export { SockSession, UserHub };
export default worker;
