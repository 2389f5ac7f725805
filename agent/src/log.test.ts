import { expect, test } from "vitest";
import { formatLine } from "./log.ts";

const ENTRY = {
  unixMs: Date.UTC(2026, 0, 2, 3, 4, 5),
  level: "warn",
  event: "lost",
  message: "No line",
  ids: { waitMs: 5, attemptId: undefined },
} as const;

test("json is one object a line with time, level, event, message and ids", () => {
  expect(JSON.parse(formatLine("json", ENTRY))).toEqual({
    time: "2026-01-02T03:04:05.000Z",
    level: "warn",
    event: "lost",
    message: "No line",
    waitMs: 5,
  });
});

test("text is one line for people, by this machine's clock", () => {
  const unixMs = new Date(2026, 0, 2, 3, 4, 5).getTime();
  expect(formatLine("text", { ...ENTRY, unixMs })).toBe("03:04:05 warn: No line waitMs=5");
  expect(formatLine("text", { ...ENTRY, unixMs, level: "info", message: "two\n  lines", ids: {} })).toBe("03:04:05 two | lines");
});

test("text leaves the terminal alone, whatever a server said", () => {
  const message = "refused: \u001B[2J\u001B]0;title\u0007 no\r";
  expect(formatLine("text", { ...ENTRY, message, ids: {} })).toMatch(/^[\d:]{8} warn: refused: {2}no $/);
});

test("masks keys and bearer tokens, wherever they come from", () => {
  const message = 'refused {"authorization":"Bearer abc.def-1"} of sgk_0123456789';
  for (const format of ["json", "text"] as const) {
    const line = formatLine(format, { ...ENTRY, message });
    expect(line).not.toMatch(/abc|0123456789/);
    expect(line).toContain("sgk_***");
  }
});
