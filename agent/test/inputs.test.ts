import { createHash } from "node:crypto";
import { readdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { OfferMessage } from "@star-graph/shared/agent-protocol";
import { expect, onTestFinished, test } from "vitest";
import { fetchInputs } from "../src/inputs.ts";
import { openNetwork } from "../src/network.ts";
import type { AgentTimings } from "../src/timings.ts";
import { anOffer } from "./builders.ts";
import { GRANT, type PlannedAnswer } from "./fake-edge.ts";
import { startAgent, startedEdge, temporaryFolder } from "./run-in-process.ts";

const PICTURE = Buffer.from("a picture ".repeat(10_000));

function offerWithInput(edgeUrl: string, attemptId: string): OfferMessage {
  const sha256 = createHash("sha256").update(PICTURE).digest("hex");
  return { ...anOffer(edgeUrl, attemptId), inputs: [{ name: "image", url: `${edgeUrl}/in/${attemptId}`, sha256, size: PICTURE.length }] };
}

async function offered(
  answers: (Buffer | PlannedAnswer)[],
  { slots = 1, timings = {} }: { slots?: number; timings?: Partial<AgentTimings> } = {},
) {
  const agent = await startAgent({ slots, timings });
  const { line } = await agent.edge.nextAgent();
  agent.edge.inputs.set("/in/a1", () => answers.shift() ?? 500);
  line.send(offerWithInput(agent.edge.url, "a1"));
  await line.next("accepted");
  return { ...agent, line };
}

test("brings the task's picture into the run's folder, over an edge that fails, a firewall, and bytes that arrive broken", async () => {
  const { engine, line, log } = await offered([503, { byFirewall: 404 }, PICTURE.subarray(1), PICTURE]);
  const run = await engine.runs.take();
  const path = run.options.inputs.image?.path ?? "";
  expect(path.startsWith(run.options.outputFolder)).toBe(true);
  expect(await readFile(path)).toEqual(PICTURE);
  expect(log.events.filter((event) => event.startsWith("input-retried"))).toHaveLength(3);
  run.finish();
  expect(await line.next("completed")).toMatchObject({ attemptId: "a1" });
});

test("a picture that another attempt had is not fetched again, and is fetched when what was kept is spoilt", async () => {
  const { edge, engine, line, stateFolder } = await offered([PICTURE], { slots: 3 });
  await engine.runs.take();
  // Nothing is served at its address.
  line.send(offerWithInput(edge.url, "a2"));
  const second = await engine.runs.take();
  expect(await readFile(second.options.inputs.image?.path ?? "")).toEqual(PICTURE);
  const [kept = ""] = await readdir(join(stateFolder, "inputs"));
  await writeFile(join(stateFolder, "inputs", kept), "spoilt");
  edge.inputs.set("/in/a3", () => PICTURE);
  line.send(offerWithInput(edge.url, "a3"));
  const third = await engine.runs.take();
  expect(await readFile(third.options.inputs.image?.path ?? "")).toEqual(PICTURE);
});

test("a cache that cannot be written is said, and costs no attempt", async () => {
  const stateFolder = await temporaryFolder();
  await writeFile(join(stateFolder, "inputs"), "a file where the folder should be");
  const agent = await startAgent({ stateFolder });
  const { line } = await agent.edge.nextAgent();
  agent.edge.inputs.set("/in/a1", () => PICTURE);
  line.send(offerWithInput(agent.edge.url, "a1"));
  (await agent.engine.runs.take()).finish();
  expect(await line.next("completed")).toMatchObject({ attemptId: "a1" });
  expect(agent.log.events.join("\n")).toContain("input-not-cached: ");
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

test("fails the attempt when the picture is longer than announced, and reads no more of it than that", async () => {
  const longer = Buffer.concat([PICTURE, PICTURE]);
  const { line } = await offered([longer, longer, longer]);
  expect(await line.next("failed")).toMatchObject({ attemptId: "a1", retryable: true, message: expect.stringContaining("broken") });
});

test("has the task go to another box when the picture does not arrive in time", async () => {
  const { line } = await offered([], { timings: { inputMs: 60 } });
  const message = "The agent could not fetch the input picture";
  expect(await line.next("failed")).toMatchObject({ attemptId: "a1", retryable: true, message });
});

test.skipIf(process.platform !== "linux")("a full disk is not taken for the edge's fault: the task goes to others at once", async () => {
  const folder = await temporaryFolder();
  await symlink("/dev/full", join(folder, "input-image"));
  const edge = await startedEdge();
  edge.inputs.set("/in/a1", () => PICTURE);
  const { inputs } = offerWithInput(edge.url, "a1");
  const { request, close } = openNetwork({ edge: null, proxy: null, extraAuthorities: null });
  onTestFinished(close);
  const cache = { take: async () => false, keep: async () => {} };
  const options = { request, cache, backoff: { baseMs: 0, capMs: 0 }, limitMs: 60_000, signal: new AbortController().signal };
  const fetching = fetchInputs(inputs, GRANT, folder, { ...options, onRetry: () => {}, onCacheTrouble: () => {} });
  await expect(fetching).rejects.toMatchObject({ code: "ENOSPC" });
});

test("stops fetching when the attempt is cancelled", async () => {
  const { line } = await offered([], { timings: { upload: { baseMs: 60_000, capMs: 60_000 } } });
  line.send({ type: "cancel", attemptId: "a1" });
  expect(await line.next("stopped")).toMatchObject({ attemptId: "a1" });
});
