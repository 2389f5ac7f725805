import { AGENT_CLOSE } from "@star-graph/shared/agent-protocol";
import { expect, test, vi } from "vitest";
import { anOffer } from "./builders.ts";
import { WELCOME } from "./fake-edge.ts";
import { startAgent, startedEdge } from "./run-in-process.ts";
import { MODEL } from "./scripted-engine.ts";

/** So that only the reconnect can be what says an end again. */
const NO_REPEAT = { repeatEndMs: 60_000 };

test("a blink in mid-task repeats nothing: the attempt is listed as running and completes on the new line", async () => {
  const { edge, engine } = await startAgent();
  const { line, hello } = await edge.nextAgent();
  expect(line.authorization).toBe("Bearer sgk_test_0123456789");
  line.send(anOffer(edge.url, "a1"));
  const run = await engine.runs.take();
  run.step("sampling", 4, 10);
  await line.next("progress");
  line.cut();
  const again = await edge.nextAgent();
  expect(again.hello).toMatchObject({ agent: { id: hello.agent.id }, running: ["a1"], finished: [] });
  expect(await again.line.next("ready")).toMatchObject({ freeSlots: 0 });
  expect(await again.line.next("progress")).toMatchObject({ attemptId: "a1", phase: "sampling", step: 4 });
  run.finish();
  expect(await again.line.next("completed")).toMatchObject({ attemptId: "a1" });
  expect(engine.runs.seen).toHaveLength(1);
});

test("uploads while the line is down and says completed on the next one", async () => {
  const { edge, engine } = await startAgent({ timings: NO_REPEAT });
  const { line } = await edge.nextAgent();
  line.send(anOffer(edge.url, "a1"));
  const run = await engine.runs.take();
  // The next connection is opened but not welcomed until the files are there.
  edge.welcome = null;
  line.cut();
  const again = await edge.nextAgent();
  run.finish();
  await edge.puts.take((put) => put === "200 /up/a1/0/thumbnail");
  again.line.send(WELCOME);
  expect(await again.line.next("completed")).toMatchObject({ attemptId: "a1" });
});

test("a finished result that was not acknowledged is listed and completed again after a reconnect", async () => {
  const { edge, engine } = await startAgent({ timings: NO_REPEAT });
  const { line } = await edge.nextAgent();
  line.send(anOffer(edge.url, "a1"));
  (await engine.runs.take()).finish();
  await line.next("completed");
  line.cut();
  const again = await edge.nextAgent();
  expect(again.hello).toMatchObject({ running: [], finished: ["a1"] });
  await again.line.next("completed");
});

test("a broken frame is logged and the line opened again", async () => {
  const { edge, log } = await startAgent();
  const { line } = await edge.nextAgent();
  line.send('{"type":"offer","attemptId":7}');
  expect(await line.closed).toMatchObject({ code: AGENT_CLOSE.BAD_FRAME });
  await edge.nextAgent();
  expect(log.events.join("\n")).toMatch(/broken-frame: .*offer\.attemptId/);
});

test("ignores message types of a newer edge, and unknown fields", async () => {
  const { edge, engine } = await startAgent();
  const { line } = await edge.nextAgent();
  line.send('{"type":"from-the-future","x":1}');
  line.send(JSON.stringify({ ...anOffer(edge.url, "a1"), extra: true }));
  await engine.runs.take();
  expect(edge.upgrades).toBe(1);
});

test("pings at the pace the edge asks for, and drops a line that has gone silent", async () => {
  const edge = await startedEdge();
  edge.welcome = { ...WELCOME, timings: { ...WELCOME.timings, pingMs: 30 } };
  edge.answersPings = false;
  await startAgent({ edge });
  const { line } = await edge.nextAgent();
  await edge.nextAgent();
  expect(line.pings).toBeGreaterThanOrEqual(2);
});

test("keeps a line on which nothing but pongs come", async () => {
  const edge = await startedEdge();
  edge.welcome = { ...WELCOME, timings: { ...WELCOME.timings, pingMs: 150 } };
  await startAgent({ edge });
  const { line } = await edge.nextAgent();
  await vi.waitFor(() => expect(line.pings).toBeGreaterThan(3));
  expect(edge.upgrades).toBe(1);
});

test("drops a line on which no welcome comes", async () => {
  const edge = await startedEdge();
  edge.welcome = null;
  await startAgent({ edge, timings: { welcomeMs: 50 } });
  const { line } = await edge.nextAgent();
  await line.closed;
  edge.welcome = WELCOME;
  const again = await edge.nextAgent();
  expect(await again.line.next("ready")).toMatchObject({ freeSlots: 1 });
});

test("goes on trying after 500, 429, 404, what a firewall answers, and closes of any kind", async () => {
  const edge = await startedEdge();
  edge.upgradeAnswers = [500, 503, 429, 404, { byFirewall: 401 }, { byFirewall: 403 }, { byFirewall: 426 }];
  const { log } = await startAgent({ edge });
  const { line } = await edge.nextAgent();
  line.close(1012, "restarting");
  await edge.nextAgent();
  expect(edge.upgrades).toBe(9);
  expect(log.events.filter((event) => event.startsWith("line-lost"))).toHaveLength(8);
});

test.each([401, 403])("gives up on %i: the key is wrong", async (status) => {
  const edge = await startedEdge();
  edge.upgradeAnswers = [status];
  const { ended, engine } = await startAgent({ edge });
  await expect(ended).rejects.toThrow(/Check the agent key/);
  expect(engine.isClosed).toBe(true);
});

test.each([
  [AGENT_CLOSE.KEY_REVOKED, /revoked/],
  [AGENT_CLOSE.REPLACED, /connected from elsewhere/],
  [AGENT_CLOSE.PROTOCOL_TOO_OLD, /npx stargraph-agent@latest/],
])("gives up when the edge closes with %i, and stops what runs", async (code, message) => {
  const { edge, engine, ended } = await startAgent();
  const { line } = await edge.nextAgent();
  line.send(anOffer(edge.url, "a1"));
  const run = await engine.runs.take();
  line.close(code);
  await run.stopped;
  await expect(ended).rejects.toThrow(message);
});

test("stops with bye and a clean close", async () => {
  const { edge, engine, stop } = await startAgent();
  const { line } = await edge.nextAgent();
  line.send(anOffer(edge.url, "a1"));
  const run = await engine.runs.take();
  await Promise.all([stop(), run.stopped]);
  expect(await line.next("bye")).toMatchObject({ reason: "stopped by its owner" });
  expect(await line.closed).toMatchObject({ code: 1000 });
  expect(engine.isClosed).toBe(true);
});

test.each([
  ["connecting", { reconnect: { baseMs: 0, capMs: 0 } }],
  ["waiting to try again", { reconnect: { baseMs: 60_000, capMs: 60_000 } }],
])("stops at once while %s to an edge that is not there", async (_, timings) => {
  const edge = await startedEdge();
  edge.upgradeAnswers = Array.from({ length: 10_000 }, () => 503);
  const { stop, log } = await startAgent({ edge, timings });
  await vi.waitFor(() => expect(log.events.length).toBeGreaterThan(0));
  await stop();
});

test("models that come and go, and what is in memory, are said when they change, and again with the next hello", async () => {
  const { edge, engine } = await startAgent({ slots: 2 });
  const { line, hello } = await edge.nextAgent();
  expect(hello.capabilities).toMatchObject({ slots: 2, models: [{ name: MODEL }, { name: "mapped-model" }] });
  await line.next("ready");
  engine.become({ resident: [MODEL] });
  expect(await line.next("status")).toEqual({ type: "status", status: { residentModels: [MODEL, "mapped-model"] } });
  engine.become({ models: [] });
  expect(await line.next("capabilities")).toEqual({ type: "capabilities", capabilities: { slots: 1, models: [] } });
  expect(await line.next("ready")).toMatchObject({ freeSlots: 0 });
  engine.become({ models: [] });
  line.cut();
  const second = await edge.nextAgent();
  expect(second.hello.capabilities.models).toEqual([]);
  engine.become({ models: [{ name: "late", types: ["UPSCALE"] }] });
  expect(await second.line.next("capabilities")).toMatchObject({ capabilities: { models: [{ name: "late" }, { name: "mapped-model" }] } });
  expect(line.inbox.seen.filter(({ type }) => type === "capabilities" || type === "status")).toHaveLength(3);
});
