import { expect, test } from "vitest";
import { formatBytes, isWithin, parseBytes, parseDuration, parseHours } from "./units.ts";

test.each([
  ["90s", 90_000],
  ["1h30m", 5_400_000],
  ["0.5h", 1_800_000],
  ["1d", 86_400_000],
  ["2", null],
  ["two hours", null],
  ["1h later", null],
])("%s is a time of %o ms", (text, ms) => {
  expect(parseDuration(text)).toBe(ms);
});

test.each([
  ["500MB", 500_000_000],
  ["1.5 gb", 1_500_000_000],
  ["12", 12],
  ["12 apples", null],
])("%s is a size of %o bytes", (text, bytes) => {
  expect(parseBytes(text)).toBe(bytes);
});

test.each([
  ["9:00-17:30", { fromMinute: 540, toMinute: 1050 }],
  ["22:00 - 24:00", { fromMinute: 1320, toMinute: 1440 }],
  ["25:00-07:00", null],
  ["22:61-07:00", null],
  ["07:00-07:00", null],
  ["at night", null],
])("%s are hours %o", (text, hours) => {
  expect(parseHours(text)).toEqual(hours);
});

test("hours may go over midnight, and begin and end sharply", () => {
  const night = [{ fromMinute: 1320, toMinute: 420 }];
  expect([1319, 1320, 0, 419, 420].map((minute) => isWithin(night, minute))).toEqual([false, true, true, true, false]);
  const day = [{ fromMinute: 540, toMinute: 1050 }];
  expect([539, 540, 1049, 1050].map((minute) => isWithin(day, minute))).toEqual([false, true, true, false]);
});

test("sizes are told in the unit that fits", () => {
  expect([0, 999, 1500, 24e9, 1.2e12].map(formatBytes)).toEqual(["0 B", "999 B", "1.5 KB", "24 GB", "1.2 TB"]);
});
