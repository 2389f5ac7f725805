import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { findEngine } from "./find-engine.ts";
import { EngineSettings } from "./settings.ts";
import { findServers, USUAL_SERVERS } from "./usual-servers.ts";

const unnamed = EngineSettings.parse({ engine: "built-in", slots: 2 });
const [COMFYUI, DESKTOP, WEBUI, SDCPP] = USUAL_SERVERS.map(({ address }) => address);

test.each([
  [[COMFYUI, WEBUI], true, { engine: "comfyui", url: "http://127.0.0.1:8188" }],
  [[DESKTOP], true, { engine: "comfyui", url: "http://127.0.0.1:8000" }],
  [[WEBUI, SDCPP], true, { engine: "sdapi", url: "http://127.0.0.1:7860" }],
  [[SDCPP], false, { engine: "sdapi", url: "http://127.0.0.1:1234" }],
  [[], true, { engine: "built-in" }],
  [[], false, { engine: "comfyui", url: "http://127.0.0.1:8188" }],
])("of those that answer, %j, with the built-in engine installed: %s, one is taken: %j", async (there, isInstalled, engine) => {
  const found = await findEngine(unnamed, {
    findServers: async () => USUAL_SERVERS.filter(({ address }) => there.some((one) => one === address)),
    hasBuiltIn: () => isInstalled,
  });
  expect(found).toMatchObject({ ...engine, slots: 2 });
});

test("a program that answers anything at a usual port is not taken for a server that draws", async () => {
  const answers: Record<string, string> = {
    "/system_stats": '{"system":{},"devices":[]}',
    "/sdapi/v1/sd-models": "[]",
    "/sdcpp/v1/capabilities": '{"error":"Unexpected endpoint or method. (GET /sdcpp/v1/capabilities)"}',
  };
  const server = createServer(({ url = "" }, answer) => answer.end(answers[url]));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const found = await findServers(USUAL_SERVERS.map((usual) => ({ ...usual, address })));
  expect(found.map(({ name }) => name)).toEqual(["ComfyUI", "ComfyUI Desktop", "A Stable Diffusion web UI"]);
});
