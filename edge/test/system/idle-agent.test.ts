import { afterAll, expect, test } from "vitest";
import { Group } from "./local-start.ts";

let idle: Group | null = null;

afterAll(async () => {
  idle?.signal("SIGTERM");
  await idle?.exited;
});

/** The short version of `pnpm idle`. */
test("an agent without work sends nothing but pings, and stays small", async () => {
  idle = new Group(process.execPath, ["edge/test/idle/start.mjs", "--settle", "1", "--minutes", "0.1"]);
  const code = await idle.exited;
  expect(idle.text).toMatch(/\n3 passed, 0 failed\n$/);
  expect(code).toBe(0);
});
