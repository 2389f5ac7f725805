import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { z } from "zod";
import { EngineSettings } from "../../src/engines/settings.ts";

test("the example for the config file is a right one, and says all that can be said", () => {
  const page = readFileSync(new URL("../../../docs/gpu-owners.md", import.meta.url), "utf8");
  const [, example = ""] = /```yaml\n(engines:\n {2}- engine: sdapi[^`]*)```/.exec(page) ?? [];
  const { engines } = z.object({ engines: z.tuple([EngineSettings]) }).parse(parse(example));
  const [sdapi] = EngineSettings.options.filter((option) => option.shape.engine.value === "sdapi");
  const known = Object.keys(sdapi?.shape ?? {}).filter((name) => name !== "slots" && name !== "mappedModels");
  expect(known.filter((name) => !example.includes(`${name}:`))).toEqual([]);
  expect(engines[0]).toMatchObject({ engine: "sdapi", slots: 1, exclusive: true });
});
