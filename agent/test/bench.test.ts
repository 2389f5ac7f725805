import { expect, test } from "vitest";
import { KEY } from "./fake-edge.ts";
import { startedEdge, temporaryFolder } from "./run-in-process.ts";
import { startCommand, startWithTestEngine } from "./run-process.ts";
import { MODEL } from "./scripted-engine.ts";

test("what bench measures is told to the edge with the next hello", async () => {
  const edge = await startedEdge();
  const state = ["--state", await temporaryFolder()];
  const { code, stdout } = await startCommand("bench", state).ended;
  expect({ code, stdout }).toMatchObject({ code: 0, stdout: expect.stringMatching(/^TEXT2IMG +test-model: \d+\.\d s\n/) });
  startWithTestEngine(["--edge", edge.url, "--key", KEY, ...state]);
  const { hello } = await edge.nextAgent();
  const [model] = hello.capabilities.models;
  expect(model).toMatchObject({ name: MODEL, megaWorkPerSecond: { TEXT2IMG: expect.any(Number) } });
  expect(await startCommand("bench", state).ended).toMatchObject({ code: 1, stderr: expect.stringContaining("stargraph-agent pause") });
});
