import { expect, test } from "vitest";
import { parseConfigFile } from "./config-file.ts";
import { writeConfigText } from "./config-text.ts";
import { SETTING_NAMES } from "./settings.ts";

const ANSWERS = {
  edge: "https://api.example.com",
  key: "sgk_0123456789",
  name: "box: the #1",
  engine: "comfyui",
  isIdleOnly: true,
} as const;

test("what init writes is read back as it was answered", () => {
  const { isIdleOnly, ...said } = ANSWERS;
  expect(parseConfigFile(writeConfigText(ANSWERS), "config.yaml", SETTING_NAMES).values).toEqual({ ...said, "idle-only": isIdleOnly });
});

test("what it offers to uncomment is a setting, too", () => {
  const uncommented = writeConfigText(ANSWERS).replaceAll(/^# (?=[a-z-]+: )/gm, "");
  expect(Object.keys(parseConfigFile(uncommented, "config.yaml", SETTING_NAMES).values)).toHaveLength(14);
});
