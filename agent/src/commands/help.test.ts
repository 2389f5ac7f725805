import { expect, test } from "vitest";
import { COMMANDS } from "../config/command-line.ts";
import { FILE_ONLY, SETTING_NAMES } from "../config/settings.ts";
import { writeHelp } from "./help.ts";

test.each(COMMANDS)("the help of %s fits a terminal and is the one we know", async (command) => {
  const help = writeHelp(command);
  expect(Math.max(...help.split("\n").map((line) => line.length))).toBeLessThanOrEqual(81);
  await expect(help).toMatchFileSnapshot(`../../test/help/${command}.txt`);
});

test("every setting is in the help of run", () => {
  const flags = SETTING_NAMES.filter((name) => !FILE_ONLY.has(name)).map((name) => `--${name} `);
  expect(flags.filter((flag) => !writeHelp("run").includes(flag))).toEqual([]);
});
