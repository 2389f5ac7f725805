import path from "node:path";
import { execa } from "execa";
import { expect, test } from "vitest";
import { z } from "zod";

const root = path.resolve(import.meta.dirname, "../../..");
const Report = z.object({
  summary: z.object({
    totalCruised: z.number(),
    violations: z.array(z.object({ from: z.string(), rule: z.object({ name: z.string() }) })),
  }),
});

async function cruise(cwd: string, folders: string[]) {
  const config = path.join(root, ".dependency-cruiser.cjs");
  const { stdout } = await execa("depcruise", ["--config", config, "--output-type", "json", ...folders], {
    cwd,
    preferLocal: true,
    localDir: root,
    reject: false,
  });
  return Report.parse(JSON.parse(stdout)).summary;
}

test("the boundaries are looked at in every file, and hold", async () => {
  const { totalCruised, violations } = await cruise(root, ["edge/src", "edge/local", "agent/src", "agent/scene/src", "shared/src"]);
  expect(violations).toEqual([]);
  // An empty report passes too: a folder that moved would go unnoticed.
  expect(totalCruised).toBeGreaterThan(150);
});

test("a decision that reaches the file system through a friend is refused", async () => {
  const { violations } = await cruise(path.join(import.meta.dirname, "planted"), ["edge/src"]);
  expect(violations).toContainEqual({ from: "edge/src/dispatch/queue/lease.ts", rule: { name: "decisions-reach-no-platform" } });
});
