import { expect, test } from "vitest";
import { findEngine } from "./find-engine.ts";
import { EngineSettings } from "./settings.ts";

const unnamed = EngineSettings.parse({ engine: "built-in", slots: 2 });

test.each([
  [true, true, "comfyui"],
  [true, false, "comfyui"],
  [false, true, "built-in"],
  [false, false, "comfyui"],
] as const)("with a ComfyUI that answers: %s, and the built-in engine installed: %s, takes %s", async (isThere, isInstalled, engine) => {
  const found = await findEngine(unnamed, { isComfyUIThere: async () => isThere, hasBuiltIn: () => isInstalled });
  expect(found).toMatchObject({ engine, slots: 2 });
});
