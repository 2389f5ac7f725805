import { expect, test } from "vitest";
import { inputIdleMs, parseIoreg } from "./input-idle.ts";

test("knows how long nobody has touched the keyboard, where the machine says it", async () => {
  expect(parseIoreg('    | |   "HIDIdleTime" = 12345678901\n    | |   "HIDScrollCountMinDeltaToStart" = 30')).toBe(12_346);
  expect(await inputIdleMs(async () => "93211\n", "linux")).toBe(93_211);
  expect(await inputIdleMs(async () => "couldn't open display\n", "linux")).toBeNull();
  expect(await inputIdleMs(async () => null, "win32")).toBeNull();
  expect(await inputIdleMs(async () => "1", "freebsd")).toBeNull();
});
