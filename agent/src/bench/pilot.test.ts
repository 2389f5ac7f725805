import { TaskType } from "@star-graph/shared/task";
import { PNG } from "pngjs";
import { expect, test } from "vitest";
import { pilotPicture, pilotTask } from "./pilot.ts";

test.each(TaskType.options)("there is a pilot for %s, as an edge would give it", (type) => {
  expect(pilotTask(type, "some-model", 7)).toMatchObject({ type });
});

test("types that work on a picture get one of the size that the task says", async () => {
  expect(PNG.sync.read(Buffer.from(await pilotPicture(7)))).toMatchObject({ width: 512, height: 512 });
});
