import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { AGENT_CLOSE } from "@star-graph/shared/agent-protocol";
import { describe, expect, test } from "vitest";
import { anOffer } from "./builders.ts";
import { KEY } from "./fake-edge.ts";
import { startedEdge, temporaryFolder } from "./run-in-process.ts";
import { start, startBin, startWithTestEngine, testEngineCommand } from "./run-process.ts";

describe("one clear line and an exit code", () => {
  test("a wrong flag exits 2", async () => {
    const says = "stargraph-agent: Unknown option '--edgee'. See stargraph-agent --help.\n";
    expect(await startBin(["--edgee", "http://x"]).ended).toEqual({ code: 2, stdout: "", stderr: says });
  });

  test("a state folder that cannot be written exits 1", async () => {
    const file = join(await temporaryFolder(), "a-file");
    await writeFile(file, "");
    const { code, stdout, stderr } = await startBin(["--edge", "http://127.0.0.1:1", "--key", KEY, "--state", file]).ended;
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toMatch(/^\S+ error: Cannot use the state folder .*\/a-file: ENOTDIR.* choose another with --state\.\n$/);
  });

  test("an old Node is told so", async () => {
    const old = 'data:text/javascript,Object.defineProperty(process,"versions",{value:{...process.versions,node:"20.20.2"}})';
    const { code, stderr } = await startBin([], { nodeFlags: ["--import", old] }).ended;
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: "stargraph-agent needs Node 22.12 or newer; this is Node 20.20.2. See https://nodejs.org\n",
    });
  });

  test("a wrong key exits 4", async () => {
    const edge = await startedEdge();
    const args = ["--edge", edge.url, "--key", "sgk_wrong_key_1", "--state", await temporaryFolder()];
    const agent = startWithTestEngine(args);
    expect(await agent.event("refused")).toMatchObject({ message: expect.stringContaining("Check the agent key") });
    expect(await agent.ended).toMatchObject({ code: 4, stdout: expect.not.stringContaining("wrong_key") });
  });

  test.each(["error frame", "close code"])("a protocol that is too old exits 4 (%s)", async (way) => {
    const edge = await startedEdge();
    edge.welcome = null;
    const agent = startWithTestEngine(["--edge", edge.url, "--key", KEY, "--state", await temporaryFolder()]);
    const { line } = await edge.nextAgent();
    if (way === "error frame") line.send({ type: "error", code: "PROTOCOL_TOO_OLD", message: "speak 2" });
    else line.close(AGENT_CLOSE.PROTOCOL_TOO_OLD);
    expect(await agent.event("refused")).toMatchObject({ message: expect.stringContaining("npx stargraph-agent@latest") });
    expect(await agent.ended).toMatchObject({ code: 4 });
  });

  test("a second process on the same state folder exits 1 and leaves the first alone", async () => {
    const edge = await startedEdge();
    const args = ["--edge", edge.url, "--key", KEY, "--state", await temporaryFolder()];
    const first = startWithTestEngine(args);
    await edge.nextAgent();
    await first.event("registered");
    const { code, stderr } = await startBin(args).ended;
    expect(code).toBe(1);
    expect(stderr).toMatch(new RegExp(`in use by another stargraph-agent \\(pid ${first.child.pid}\\)`));
    expect(first.child.exitCode).toBeNull();
  });
});

describe("stopping", () => {
  test("SIGTERM finishes what runs, takes no more, and leaves when it is delivered", async () => {
    const edge = await startedEdge();
    const agent = startWithTestEngine(["--edge", edge.url, "--key", KEY, "--state", await temporaryFolder()]);
    const { line } = await edge.nextAgent();
    line.send(anOffer(edge.url, "a1", { prompt: "until usr2" }));
    await line.next("progress");
    agent.child.kill("SIGTERM");
    await agent.event("finishing");
    line.send(anOffer("http://127.0.0.1:1", "a2"));
    expect(await line.next("rejected")).toMatchObject({ attemptId: "a2" });
    agent.child.kill("SIGUSR2");
    await line.next("completed");
    line.send({ type: "ack", attemptId: "a1", outcome: "recorded" });
    await line.next("bye");
    expect(await agent.ended).toMatchObject({ code: 0 });
  });

  test.each([
    ["the time for it is over", "0.2s", 1],
    ["a second one comes", "1h", 2],
  ])("SIGTERM gives back what runs once %s", async (_, stopWithin, signals) => {
    const edge = await startedEdge();
    const args = ["--edge", edge.url, "--key", KEY, "--state", await temporaryFolder(), "--stop-within", stopWithin];
    const agent = startWithTestEngine(args);
    const { line } = await edge.nextAgent();
    line.send(anOffer(edge.url, "a1", { prompt: "hang" }));
    await line.next("progress");
    agent.child.kill("SIGTERM");
    await agent.event("finishing");
    if (signals === 2) agent.child.kill("SIGTERM");
    await line.next("bye");
    expect(await agent.ended).toMatchObject({ code: 0 });
  });

  test.each(["hang", "stuck"])("where nothing is to be finished, SIGTERM says bye and exits 0 within 2 s (%s)", async (prompt) => {
    const edge = await startedEdge();
    const stateFolder = await temporaryFolder();
    const args = ["--edge", edge.url, "--state", stateFolder, "--stop-within", "0s"];
    const agent = startWithTestEngine(args, { env: { STARGRAPH_KEY: KEY } });
    const { line } = await edge.nextAgent();
    line.send(anOffer(edge.url, "a1", { prompt }));
    await line.next("accepted");
    const asked = performance.now();
    agent.child.kill("SIGTERM");
    await line.next("bye");
    expect(await agent.ended).toMatchObject({ code: 0, stderr: "" });
    expect(performance.now() - asked).toBeLessThan(2_000);
  });

  test("ends when its IPC channel closes", async () => {
    const edge = await startedEdge();
    const agent = startWithTestEngine(["--edge", edge.url, "--key", KEY, "--state", await temporaryFolder()], { withIpc: true });
    const { line } = await edge.nextAgent();
    agent.child.disconnect();
    await line.next("bye");
    expect(await agent.ended).toMatchObject({ code: 0 });
  });

  test("ends when the parent that started it is killed with -9", async () => {
    const edge = await startedEdge();
    const command = testEngineCommand(["--edge", edge.url, "--key", KEY, "--state", await temporaryFolder()]);
    const options = '{ stdio: ["ignore", "inherit", "inherit", "ipc"] }';
    const script = `require("node:child_process").spawn(process.execPath, ${JSON.stringify(command)}, ${options})`;
    const parent = start(["-e", script], {});
    const { line } = await edge.nextAgent();
    parent.child.kill("SIGKILL");
    await line.next("bye");
    // The agent writes to the pipes of its parent, so they close when it has ended as well.
    expect(await parent.ended).toMatchObject({ stdout: expect.stringContaining('"event":"bye"') });
  });
});

test("a result survives kill -9 between completed and ack: the next process delivers it again, then forgets it", async () => {
  const edge = await startedEdge();
  const stateFolder = await temporaryFolder();
  const args = ["--edge", edge.url, "--key", KEY, "--state", stateFolder];
  const first = startWithTestEngine(args);
  const { line, hello } = await edge.nextAgent();
  line.send(anOffer(edge.url, "a1", { prompt: "cat" }));
  const completed = await line.next("completed");
  first.child.kill("SIGKILL");
  await first.ended;
  edge.files.clear();

  const second = startWithTestEngine(args);
  const again = await edge.nextAgent();
  expect(again.hello).toMatchObject({ agent: { id: hello.agent.id }, running: [], finished: ["a1"] });
  expect(await again.line.next("completed")).toEqual(completed);
  expect(edge.files.get("/up/a1/0")?.bytes.toString()).toBe("picture of cat");
  again.line.send({ type: "ack", attemptId: "a1", outcome: "recorded" });
  await second.event("acknowledged");
  second.child.kill("SIGTERM");
  expect(await second.ended).toMatchObject({ code: 0 });
  expect(await readdir(join(stateFolder, "spool"))).toEqual([]);
  expect((await readdir(stateFolder)).toSorted()).toEqual(["agent.json", "inputs", "spool"]);
});

test("Ctrl-C twice gives what runs back", async () => {
  const edge = await startedEdge();
  const agent = startWithTestEngine(["--edge", edge.url, "--key", KEY, "--state", await temporaryFolder()]);
  const { line } = await edge.nextAgent();
  line.send(anOffer(edge.url, "a1", { prompt: "hang" }));
  await line.next("progress");
  agent.child.kill("SIGINT");
  await agent.event("finishing");
  agent.child.kill("SIGINT");
  await line.next("bye");
  expect(await agent.ended).toMatchObject({ code: 0 });
});

test("another process tells the running agent what its owner wants", async () => {
  const edge = await startedEdge();
  const state = ["--state", await temporaryFolder()];
  const agent = startWithTestEngine(["--edge", edge.url, "--key", KEY, ...state]);
  await edge.nextAgent();
  await agent.event("registered");
  expect(await startBin(["pause", "--for", "2h", ...state]).ended).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^state +resting: paused by its owner until /m),
  });
  expect(await startBin(["resume", ...state]).ended).toMatchObject({ code: 0, stdout: expect.stringMatching(/^state +ready for work$/m) });
  const { stdout } = await startBin(["status", "--json", ...state]).ended;
  expect(JSON.parse(stdout)).toMatchObject({ pid: agent.child.pid, isConnected: true });
  expect(await startBin(["drain", ...state]).ended).toMatchObject({ code: 0, stdout: expect.stringMatching(/^state +leaving/m) });
  expect(await agent.ended).toMatchObject({ code: 0 });
  expect(await startBin(["status", ...state]).ended).toMatchObject({
    code: 3,
    stderr: expect.stringContaining("no agent runs with the state folder"),
  });
  expect(await startBin(["pause", "--for", "ever", ...state]).ended).toMatchObject({ code: 2 });
});
