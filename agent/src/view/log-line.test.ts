import { expect, test } from "vitest";
import type { LogEntry } from "../log.ts";
import { logLine } from "./log-line.ts";
import { inBlackAndWhite, inColour } from "./paint.ts";

const ENTRY: LogEntry = {
  unixMs: new Date(2026, 0, 2, 3, 4, 5).getTime(),
  level: "info",
  event: "registered",
  message: "Registered",
  ids: { agentId: "g1" },
};
const plain = (change: Partial<LogEntry>) => logLine({ ...ENTRY, ...change }, inBlackAndWhite);

test.each<[string, Partial<LogEntry>]>([
  ["03:04:05 · Registered", {}],
  ["03:04:05 ✓ TEXT2IMG with sdxl drawn in 2.9 s", { event: "drawn", message: "TEXT2IMG with sdxl drawn in 2.9 s" }],
  ["03:04:05 ! No line waitMs=5", { level: "warn", message: "No line", ids: { waitMs: 5, attemptId: undefined } }],
  ["03:04:05 ✗ it failed attemptId=a1", { level: "error", event: "failed", message: "it failed", ids: { attemptId: "a1" } }],
])("writes %s", (line, change) => {
  expect(plain(change)).toBe(line);
});

test("leaves out what the lines below say, and nothing that is wrong", () => {
  expect(plain({ event: "accepted" })).toBeNull();
  expect(plain({ event: "idle" })).toBeNull();
  expect(plain({ event: "idle", level: "warn" })).not.toBeNull();
});

test("no word of a server colours anything, and no secret is shown", () => {
  const message = "\u001B[31msgk_0123456789\u001B[2J";
  expect(plain({ message })).toBe("03:04:05 · sgk_***");
  expect(logLine({ ...ENTRY, message }, inColour)).toMatch(/ sgk_\*{3}$/);
});
