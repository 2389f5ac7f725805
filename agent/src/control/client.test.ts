import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { temporaryFolder } from "../../test/run-in-process.ts";
import { tellAgent } from "./client.ts";

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
