import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { temporaryFolder } from "../../test/run-in-process.ts";
import { readPause, writePause } from "./pause-file.ts";

test("a pause is read as it was written, and is gone once it is taken away", async () => {
  const path = join(await temporaryFolder(), "paused.json");
  for (const untilMs of [1_700_000_000_000, Infinity, null]) {
    await writePause(path, untilMs);
    expect(await readPause(path)).toBe(untilMs);
  }
});

test("one that ends after all calendars has no end", async () => {
  const path = join(await temporaryFolder(), "paused.json");
  await writeFile(path, '{"untilMs":8640001700000000000}');
  expect(await readPause(path)).toBe(Infinity);
});
