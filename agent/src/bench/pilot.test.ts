import { TaskType } from "@star-graph/shared/task";
import { PNG } from "pngjs";
import { expect, test } from "vitest";
import { looksReadyMade } from "../engines/comfyui/ready-made-hint.ts";
import { pilotPicture, pilotTask } from "./pilot.ts";

const MODEL = { name: "some-model" };

test.each(TaskType.options)("there is a pilot for %s, as an edge would give it", (type) => {
  expect(pilotTask(type, MODEL, 7)).toMatchObject({ type });
});

test("types that work on a picture get one of the size that the task says", async () => {
  expect(PNG.sync.read(Buffer.from(await pilotPicture(pilotTask("UPSCALE", MODEL, 7), 7)))).toMatchObject({ width: 512, height: 512 });
});

test.each(["openpose", "depth"] as const)(
  "a pose is of a type that the model can do (%s), its picture one that needs no preprocessor",
  async (type) => {
    const task = pilotTask("POSE", { ...MODEL, features: ["fast", `pose:${type.toUpperCase()}`] }, 7);
    expect(task.parameters).toMatchObject({ controlType: type });
    expect(await looksReadyMade(await pilotPicture(task, 7), type)).toBe(true);
  },
);
