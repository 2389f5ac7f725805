import { readdir, readFile, stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { temporaryFolder } from "../test/run-in-process.ts";
import { openStateFolder } from "./state-folder.ts";

test("keeps the agent's id", async () => {
  const folder = join(await temporaryFolder(), "deep", "state");
  const first = await openStateFolder(folder);
  await first.release();
  const second = await openStateFolder(folder);
  expect(second.agentId).toBe(first.agentId);
  expect(JSON.parse(await readFile(join(folder, "agent.json"), "utf8"))).toEqual({ id: first.agentId });
});

test.skipIf(process.platform === "win32")("is closed to other users", async () => {
  const folder = join(await temporaryFolder(), "state");
  await openStateFolder(folder);
  expect((await stat(folder)).mode & 0o077).toBe(0);
});

test("a damaged agent.json is named, and the folder is left unlocked", async () => {
  const folder = await temporaryFolder();
  const path = join(folder, "agent.json");
  await writeFile(path, "{");
  await expect(openStateFolder(folder)).rejects.toThrow(`${path} is damaged`);
  await expect(openStateFolder(folder)).rejects.toThrow(`${path} is damaged`);
});

test("what a killed process left half written is removed, an owner's files and what is being written are not", async () => {
  const folder = await temporaryFolder();
  const drafts = ["lock.0f8fad5b-d9cb-469f-a165-70867728950e", "lock.after-0123456789abcdef", "agent.json.42.tmp", "doctor.42"];
  const others = ["lock.old", "mine.42.tmp", "doctor.txt"];
  for (const name of [...drafts, ...others]) {
    await writeFile(join(folder, name), "x");
    await utimes(join(folder, name), 0, 0);
  }
  await writeFile(join(folder, "paused.json.43.tmp"), "x");
  await openStateFolder(folder);
  expect(await readdir(folder)).toEqual(["agent.json", ...others, "lock", "paused.json.43.tmp", "spool"].toSorted());
});
