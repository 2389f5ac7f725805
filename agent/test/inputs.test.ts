import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import type { OfferMessage } from "@star-graph/shared/agent-protocol";
import { expect, test } from "vitest";
import { anOffer } from "./builders.ts";
import { startAgent } from "./run-in-process.ts";

const PICTURE = Buffer.from("a picture ".repeat(10_000));

function offerWithInput(edgeUrl: string, attemptId: string): OfferMessage {
  const sha256 = createHash("sha256").update(PICTURE).digest("hex");
  return { ...anOffer(edgeUrl, attemptId), inputs: [{ name: "image", url: `${edgeUrl}/in/${attemptId}`, sha256, size: PICTURE.length }] };
}

async function offered(answers: (Buffer | number)[]) {
  const agent = await startAgent();
  const { line } = await agent.edge.nextAgent();
  agent.edge.inputs.set("/in/a1", () => answers.shift() ?? 500);
  line.send(offerWithInput(agent.edge.url, "a1"));
  await line.next("accepted");
  return { ...agent, line };
}

test("brings the task's picture into the run's folder, over an edge that fails and bytes that arrive broken", async () => {
  const { engine, line, log } = await offered([503, PICTURE.subarray(1), PICTURE]);
  const run = await engine.runs.take();
  const path = run.options.inputs.image?.path ?? "";
  expect(path.startsWith(run.options.outputFolder)).toBe(true);
  expect(await readFile(path)).toEqual(PICTURE);
  expect(log.events.filter((event) => event.startsWith("input-retried"))).toHaveLength(2);
  run.finish();
  expect(await line.next("completed")).toMatchObject({ attemptId: "a1" });
});

test("fails the attempt for good when the edge has the picture no more", async () => {
  const { line, engine } = await offered([404]);
  expect(await line.next("failed")).toMatchObject({ attemptId: "a1", retryable: false, message: expect.stringContaining("404") });
  expect(engine.runs.seen).toEqual([]);
});

test("fails the attempt when the picture stays broken: another box may have a better line", async () => {
  const { line } = await offered([PICTURE.subarray(1), Buffer.from("other"), PICTURE.subarray(2)]);
  expect(await line.next("failed")).toMatchObject({ attemptId: "a1", retryable: true, message: expect.stringContaining("broken") });
});

test("stops fetching when the attempt is cancelled", async () => {
  const { line } = await offered([]);
  line.send({ type: "cancel", attemptId: "a1" });
  expect(await line.next("stopped")).toMatchObject({ attemptId: "a1" });
});
