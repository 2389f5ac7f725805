import { expect, test } from "vitest";
import { callTool, runTool, runToolUntil } from "./tool.ts";

test("a tool that is not there is no failure for who asks, and is named to who wants to know", async () => {
  expect(await runTool("no-such-tool-of-anybodys", [])).toBeNull();
  expect(await callTool("no-such-tool-of-anybodys", [])).toMatchObject({ failure: "this machine has no no-such-tool-of-anybodys" });
});

test("a tool that fails says why in its own words", async () => {
  const script = "console.error('Failed to connect to bus'); process.exit(1)";
  expect(await callTool(process.execPath, ["-e", script])).toMatchObject({ failure: "Failed to connect to bus" });
});

test("a tool that hangs, and hears no polite word, is let go when the program stops", { timeout: 4_000 }, async () => {
  const stop = new AbortController();
  const said = runToolUntil(stop.signal)(process.execPath, ["-e", "process.on('SIGTERM', () => {}); setInterval(() => {}, 1000)"]);
  stop.abort();
  expect(await said).toBeNull();
});
