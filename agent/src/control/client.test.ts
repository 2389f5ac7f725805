import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { temporaryFolder } from "../../test/run-in-process.ts";
import { patienceMs, tellAgent } from "./client.ts";

test("nobody listens where no agent runs", async () => {
  expect(await tellAgent(await temporaryFolder(), { command: "status" })).toBeNull();
});

test.skipIf(process.platform === "win32")("a state folder that is none is said in one line", async () => {
  const file = join(await temporaryFolder(), "notes.txt");
  await writeFile(file, "");
  await expect(tellAgent(file, { command: "status" })).rejects.toThrow(
    expect.objectContaining({ name: "Refusal", message: expect.stringMatching(/^Cannot ask the agent of this state folder: .*ENOTDIR/) }),
  );
});

test("whoever asks for the memory at once waits for as long as an engine may take to let go of a task and of its memory", () => {
  const twoMinutes = 120_000;
  expect(patienceMs({ command: "pause", forMs: null, isAtOnce: true })).toBeGreaterThan(2 * twoMinutes);
  expect(patienceMs({ command: "pause", forMs: null, isAtOnce: false })).toBeLessThan(twoMinutes);
});
