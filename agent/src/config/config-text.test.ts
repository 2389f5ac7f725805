import { expect, test } from "vitest";
import { type Answers, type EngineAnswer, writeConfigText } from "./config-text.ts";
import { readConfig } from "./read-config.ts";

const ANSWERS = {
  edge: "https://api.example.com",
  key: { text: "sgk_0123456789" },
  name: "box: the #1",
  isIdleOnly: true,
} satisfies Partial<Answers>;

const ENGINES: EngineAnswer[] = [
  { engine: "comfyui", url: "http://127.0.0.1:8188" },
  { engine: "sdapi", url: "http://127.0.0.1:7860" },
  { engine: "built-in" },
  { engine: "command", command: ["python3", "a b.py"], model: "sdxl", types: ["TEXT2IMG"] },
];

const read = (text: string) =>
  readConfig({ flags: {} }, { env: {}, home: "/home/me", hostName: "other", readText: () => ({ text, isOpenToOthers: false }) });

test.each(ENGINES)("what init writes is read back as it was answered: $engine", (engine) => {
  const config = read(writeConfigText({ ...ANSWERS, engine }));
  expect(config).toMatchObject({ name: ANSWERS.name, key: ANSWERS.key.text, rest: { isIdleOnly: true }, isEngineChosen: true });
  const { model, types, ...entry } = { model: undefined, types: undefined, ...engine };
  expect(config.engines).toMatchObject([{ ...entry, slots: 1, ...(model !== undefined && { models: [{ name: model, types }] }) }]);
});

test.each(ENGINES)("all that it offers to uncomment is right, too: $engine", (engine) => {
  const text = writeConfigText({ ...ANSWERS, engine });
  // Sentences begin with a capital, settings never do.
  const config = read(text.replaceAll(/^( *)# (?![A-Z])/gm, "$1"));
  expect(config).toMatchObject({ statusPort: 8190, limits: { maxPixels: 1_048_576, ownTasks: "first" } });
});
