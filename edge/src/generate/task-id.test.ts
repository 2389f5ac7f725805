import { TASK_ID_PREFIX, TaskType } from "@star-graph/shared/task";
import { expect, test } from "vitest";
import { newTaskId } from "./task-id.ts";

const NOW = Date.UTC(2024, 9, 2, 10, 0, 0, 7);
const bytes = (...values: number[]) => new Uint8Array(8).fill(0).map((_, index) => values[index] ?? 0);

test("an id is made of the type's prefix, the UTC day, its millisecond and ten digits", () => {
  expect(newTaskId("TEXT2IMG", NOW, bytes(0, 0, 0, 0, 0, 0, 1, 2))).toBe("t2i_20241002_360000070000000258");
});

test.each(TaskType.options)("an id looks like the document's whatever its time and bytes (%s)", (type) => {
  for (const now of [0, NOW, Date.UTC(2024, 11, 31, 23, 59, 59, 999)]) {
    for (const random of [bytes(), new Uint8Array(8).fill(255)]) {
      expect(newTaskId(type, now, random)).toMatch(new RegExp(`^${TASK_ID_PREFIX[type]}_\\d{8}_\\d{18}$`));
    }
  }
});

test("ids sort by their time, across milliseconds, midnight and years", () => {
  const times = [NOW, NOW + 1, NOW + 10, NOW + 86_400_000 - 36_000_008, NOW + 86_400_000 - 36_000_007, Date.UTC(2025, 0, 1)];
  // The earlier the time, the larger the random part.
  const ids = times.map((now, index) => newTaskId("TEXT2IMG", now, new Uint8Array(8).fill(255 - index)));
  expect(ids.toSorted()).toEqual(ids);
});

test("a thousand ids of one millisecond are different", () => {
  const ids = Array.from({ length: 1_000 }, () => newTaskId("TEXT2IMG", NOW, crypto.getRandomValues(new Uint8Array(8))));
  expect(new Set(ids).size).toBe(1_000);
});
