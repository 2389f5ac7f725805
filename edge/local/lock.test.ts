import { spawn } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { releaseLock, takeLock } from "./lock.ts";

let folder: string;
let file: string;

beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "stargraph-lock-"));
  file = path.join(folder, "start.lock");
});

afterEach(() => fs.rmSync(folder, { recursive: true, force: true }));

test("is ours until we release it, and leaves nothing behind", () => {
  expect(takeLock(file)).toBeNull();
  expect(takeLock(file)).toMatchObject({ pid: process.pid });
  releaseLock(file);
  expect(fs.readdirSync(folder)).toEqual([]);
});

test.each(["", "{", '{"pid":"x"}', '{"pid":999999999,"startedAt":"1"}'])("is taken over from a file that names nobody: %s", (text) => {
  fs.writeFileSync(file, text);
  expect(takeLock(file)).toBeNull();
});

test("is taken over when its pid belongs to another program now", () => {
  const stranger = spawn("sleep", ["60"]);
  fs.writeFileSync(file, JSON.stringify({ pid: stranger.pid, startedAt: "long ago" }));
  expect(takeLock(file)).toBeNull();
  stranger.kill();
});

test("does not release what somebody else holds", () => {
  fs.writeFileSync(file, JSON.stringify({ pid: process.ppid, startedAt: "x" }));
  releaseLock(file);
  expect(fs.existsSync(file)).toBe(true);
});
