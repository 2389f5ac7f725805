import type { Log } from "../../log.ts";
import { SdapiEngine, type SdapiTimings } from "./sdapi-engine.ts";
import type { SdapiSettings } from "./settings.ts";

const TIMINGS: SdapiTimings = {
  lookMs: 10_000,
  seekMs: 1_000,
  filesMs: 60_000,
  withdrawMs: 30_000,
  pollMs: 1_000,
  cancelMs: 200,
  goneMs: 120_000,
  stuckMs: 600_000,
};

/** Attaches to a server that somebody runs. It may come up later: until then there are no models. */
export async function openSdapi(settings: SdapiSettings, { log }: { log: Log }): Promise<SdapiEngine> {
  return new SdapiEngine(settings, { log, timings: TIMINGS });
}
