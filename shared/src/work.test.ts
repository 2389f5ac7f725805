import { expect, test } from "vitest";
import { Capabilities } from "./agent-protocol.ts";
import { EngineTask } from "./rest/generate.ts";
import { workOf } from "./work.ts";

test("a pose asks for the kind of control by the name that agents offer it under", () => {
  const parameters = {
    prompt: "a dancer",
    negativePrompt: "",
    modelName: "sd15",
    width: 64,
    height: 64,
    steps: 2,
    cfgScale: 7,
    seed: 1,
    batchSize: 1,
    sampler: "euler",
    scheduler: "normal",
    controlType: "openpose",
    controlStrength: 1,
    imageWidth: 64,
    imageHeight: 64,
  };
  const { features } = workOf(EngineTask.parse({ type: "POSE", parameters }));
  const models = [{ name: "sd15", types: ["POSE"], engine: "built-in", features: ["pose:OPENPOSE", "pose:CANNY"] }];
  const [offered] = Capabilities.parse({ slots: 1, models }).models;
  expect(offered?.features).toEqual(expect.arrayContaining(features));
  expect(features).toEqual(["pose:OPENPOSE"]);
});
