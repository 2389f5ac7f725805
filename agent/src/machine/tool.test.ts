import { expect, test } from "vitest";
import { callTool, runTool } from "./tool.ts";

test("a tool that is not there is no failure for who asks, and is named to who wants to know", async () => {
  expect(await runTool("no-such-tool-of-anybodys", [])).toBeNull();
  expect(await callTool("no-such-tool-of-anybodys", [])).toMatchObject({ failure: "this machine has no no-such-tool-of-anybodys" });
});

test("a tool that fails says why in its own words", async () => {
  const script = "console.error('Failed to connect to bus'); process.exit(1)";
  expect(await callTool(process.execPath, ["-e", script])).toMatchObject({ failure: "Failed to connect to bus" });
});
