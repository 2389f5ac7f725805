import { onTestFinished } from "vitest";
import { SdapiEngine, type SdapiTimings } from "../../src/engines/sdapi/sdapi-engine.ts";
import { SdapiSettings } from "../../src/engines/sdapi/settings.ts";
import { aLog } from "../builders.ts";
import { withModels } from "../comfyui/start-engine.ts";
import { FakeWebUi, type WebUiOptions } from "./fake-webui.ts";

const QUICK: SdapiTimings = { lookMs: 10, seekMs: 10, filesMs: 20, withdrawMs: 30, pollMs: 10, cancelMs: 10, goneMs: 150, stuckMs: 20_000 };

/** Until it knows what the server can do. */
export async function startEngine(url: string, settings: object = {}, timings: Partial<SdapiTimings> = {}) {
  const log = aLog();
  const engine = new SdapiEngine(SdapiSettings.parse({ engine: "sdapi", url, ...settings }), {
    log,
    timings: { ...QUICK, ...timings },
    newId: () => "one",
  });
  onTestFinished(() => engine.close());
  await withModels(engine);
  return { engine, log };
}

export async function startWebUi(options: Partial<WebUiOptions> = {}, port = 0): Promise<FakeWebUi> {
  const server = await FakeWebUi.start(options, port);
  onTestFinished(() => server.stop());
  return server;
}
