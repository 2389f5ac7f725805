import { expect, test } from "vitest";
import { findEngine } from "./find-engine.ts";
import { EngineSettings } from "./settings.ts";

const unnamed = EngineSettings.parse({ engine: "built-in", slots: 2 });

test.each([
  [true, true, true, "comfyui"],
  [true, false, false, "comfyui"],
  [false, true, true, "sdapi"],
  [false, true, false, "sdapi"],
  [false, false, true, "built-in"],
  [false, false, false, "comfyui"],
] as const)(
  "with a ComfyUI that answers: %s, a WebUI: %s, and the built-in engine installed: %s, takes %s",
  async (comfy, web, isInstalled, engine) => {
    const found = await findEngine(unnamed, {
      isComfyUIThere: async () => comfy,
      isWebUiThere: async () => web,
      hasBuiltIn: () => isInstalled,
    });
    expect(found).toMatchObject({ engine, slots: 2 });
  },
);
