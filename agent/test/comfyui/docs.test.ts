import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { z } from "zod";
import { WORKFLOW_INPUTS } from "../../src/engines/comfyui/settings.ts";
import { FAMILIES, KNOWN_MODELS } from "../../src/engines/known-models.ts";
import { EngineSettings } from "../../src/engines/settings.ts";

const page = readFileSync(new URL("../../../docs/gpu-owners.md", import.meta.url), "utf8");

test("the example for the config file is a right one, and the page names every model, family and input that there is", () => {
  const [, example = ""] = /```yaml\n(engines:[^`]*)```/.exec(page) ?? [];
  const { engines } = z.object({ engines: z.array(EngineSettings) }).parse(parse(example));
  expect(engines.map(({ engine, slots }) => `${engine} ${slots}`)).toEqual(["comfyui 1", "built-in 2"]);
  const words = [...FAMILIES, ...WORKFLOW_INPUTS, ...KNOWN_MODELS.map(({ name }) => name)];
  expect(words.filter((word) => !page.includes(word))).toEqual([]);
});
