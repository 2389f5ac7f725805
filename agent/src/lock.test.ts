import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { temporaryFolder } from "../test/run-in-process.ts";
import { livingHolder, takeLock } from "./lock.ts";

const startOf = async (pid: number) => (pid === 42 ? "t1" : null);

test.each([
  ["lives", '{"pid":42,"startedAt":"t1"}', { pid: 42, startedAt: "t1" }],
  ["is dead", '{"pid":43,"startedAt":"t1"}', null],
  ["is another process of the same pid", '{"pid":42,"startedAt":"t0"}', null],
  ["is nobody: the file is damaged", '{"pid":', null],
  ["is nobody: the file is empty", "", null],
])("the holder %s", async (_, text, holder) => {
  expect(await livingHolder(text, startOf)).toEqual(holder);
});

test("one at a time, and free again after release", async () => {
  const folder = await temporaryFolder();
  const path = join(folder, "lock");
  const first = await takeLock(path);
  expect(first.kind).toBe("taken");
  expect(await takeLock(path)).toMatchObject({ kind: "busy", holder: { pid: process.pid } });
  if (first.kind === "taken") await first.release();
  expect((await takeLock(path)).kind).toBe("taken");
  expect(await readdir(folder)).toEqual(["lock"]);
});

test("a file of somebody else under its name is left alone; one that a power cut has emptied is taken over", async () => {
  const path = join(await temporaryFolder(), "lock");
  await writeFile(path, "yarn");
  await expect(takeLock(path)).rejects.toThrow(/no lock of an agent/);
  expect(await readFile(path, "utf8")).toBe("yarn");
  await writeFile(path, "\0\0");
  expect((await takeLock(path)).kind).toBe("taken");
});

test("of many that find a stale lock at once, one takes it", async () => {
  const path = join(await temporaryFolder(), "lock");
  const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"]);
  await once(child, "spawn");
  const own = await takeLock(path);
  const stale = JSON.parse(await readFile(path, "utf8")) as object;
  if (own.kind === "taken") await own.release();
  child.kill("SIGKILL");
  await once(child, "exit");
  await writeFile(path, JSON.stringify({ ...stale, pid: child.pid }));
  const answers = await Promise.all(Array.from({ length: 8 }, () => takeLock(path)));
  expect(answers.filter(({ kind }) => kind === "taken")).toHaveLength(1);
});
