import { afterAll, expect, test } from "vitest";
import { Group } from "./local-start.ts";

let chaos: Group | null = null;

afterAll(async () => {
  chaos?.signal("SIGTERM");
  await chaos?.exited;
});

test("a system whose parts are killed, cut off and lied to loses no task and no credit", async () => {
  chaos = new Group(process.execPath, ["edge/test/chaos/start.mjs", "--quick"]);
  const code = await chaos.exited;
  // The whole of it, as the seed stands in its first line, and what failed above the last.
  expect(chaos.text).toMatch(/\n[1-9]\d* passed, 0 failed\n$/);
  expect(code).toBe(0);
});
