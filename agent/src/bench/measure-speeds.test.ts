import { expect, test } from "vitest";
import { startFake } from "../../test/comfyui/fake-process.ts";
import { startEngine } from "../../test/comfyui/start-engine.ts";
import { temporaryFolder } from "../../test/run-in-process.ts";
import { EngineSet } from "../engines/engine-set.ts";
import { measureSpeeds } from "./measure-speeds.ts";

test("a ComfyUI that keeps what it has drawn is measured at drawing", async () => {
  const server = await startFake();
  const engines = new EngineSet([{ engine: startEngine(server.url).engine, slots: 1, mappedModels: [] }]);
  // As the commands do it: nobody waits for the line, or for a change.
  await engines.look();
  const models = engines.models().filter(({ name }) => name === "stable-diffusion-v1-5");
  const speeds = await measureSpeeds(
    engines,
    models.map((model) => ({ ...model, types: ["TEXT2IMG"] })),
    { folder: await temporaryFolder(), seed: 7 },
    () => {},
  );
  expect(speeds).toMatchObject({ "stable-diffusion-v1-5": { TEXT2IMG: expect.any(Number) } });
  expect(server.finished.seen.map(({ steps }) => steps)).toEqual([10, 10]);
});
