import { execFileSync } from "node:child_process";
import { readdir } from "node:fs/promises";
import { connect, createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, onTestFinished, test } from "vitest";
import { tellAgent } from "../src/control/client.ts";
import { anOffer } from "./builders.ts";
import { KEY } from "./fake-edge.ts";
import { startedEdge, temporaryFolder } from "./run-in-process.ts";
import { startEdgeProcess, startWithFileLimit, startWithTestEngine } from "./run-process.ts";

/** Real agent processes, and what they promise when something around them dies. */
async function started(url?: string) {
  const edge = await startedEdge();
  const stateFolder = await temporaryFolder();
  const args = ["--edge", url ?? edge.url, "--key", KEY, "--state", stateFolder, "--min-disk", "0", "--min-memory", "0"];
  return { edge, stateFolder, args };
}

describe("kill -9 of the agent", () => {
  test.each(["loading", "sampling", "encoding"])(
    "while %s: the next process has nothing of it, and the edge gives it to others",
    async (phase) => {
      const { edge, stateFolder, args } = await started();
      const first = startWithTestEngine(args);
      const { line, hello } = await edge.nextAgent();
      line.send(anOffer(edge.url, "a1", { prompt: `hang in ${phase}` }));
      expect(await line.next("progress")).toMatchObject({ phase });
      first.child.kill("SIGKILL");
      await first.ended;
      startWithTestEngine(args);
      const again = await edge.nextAgent();
      expect(again.hello).toMatchObject({ agent: { id: hello.agent.id }, running: [], finished: [] });
      expect(await again.line.next("ready")).toMatchObject({ freeSlots: 1 });
      expect(await readdir(join(stateFolder, "spool"))).toEqual([]);
    },
  );

  test("while uploading: the next process uploads what is on disk, and completes it without drawing again", async () => {
    const { edge, args } = await started();
    edge.uploads = "never answered";
    const first = startWithTestEngine(args);
    const { line } = await edge.nextAgent();
    line.send(anOffer(edge.url, "a1", { prompt: "cat" }));
    await edge.puts.take((put) => put.startsWith("unanswered"));
    first.child.kill("SIGKILL");
    await first.ended;
    edge.uploads = "taken";
    const second = startWithTestEngine(args);
    const again = await edge.nextAgent();
    expect(again.hello).toMatchObject({ running: [], finished: ["a1"] });
    expect(await again.line.next("completed")).toMatchObject({ attemptId: "a1" });
    expect(edge.files.get("/up/a1/0")?.bytes.toString()).toBe("picture of cat");
    expect(second.lines.seen.some((said) => said.includes('"event":"accepted"'))).toBe(false);
  });
});

test("kill -9 of the engine's program: the attempt fails for another try, and the agent serves the next task", async () => {
  const { edge, args } = await started();
  const agent = startWithTestEngine(args);
  const { line } = await edge.nextAgent();
  const askedForWork = () => line.inbox.take((message) => message.type === "ready" && message.freeSlots > 0);
  await askedForWork();
  line.send(anOffer(edge.url, "a1", { prompt: "child" }));
  await line.next("progress");
  const { step: pid } = await line.next("progress");
  process.kill(pid, "SIGKILL");
  expect(await line.next("failed")).toMatchObject({ attemptId: "a1", retryable: true, message: "The engine's program ended (SIGKILL)" });
  line.send({ type: "ack", attemptId: "a1", outcome: "recorded" });
  // It looks at the box between tasks, and takes none meanwhile.
  await askedForWork();
  line.send(anOffer(edge.url, "a2", { prompt: "cat" }));
  expect(await line.next("completed")).toMatchObject({ attemptId: "a2" });
  expect(agent.child.exitCode).toBeNull();
});

describe("kill -9 of the edge", () => {
  async function withEdge() {
    const edge = startEdgeProcess(0);
    const { url } = JSON.parse(await edge.lines.take()) as { url: string };
    const { args } = await started(url);
    startWithTestEngine(args);
    const says = (of: typeof edge, type: string) =>
      of.lines.take((line) => line.includes(`"type":"${type}"`)).then((line) => JSON.parse(line) as object);
    const restart = async () => {
      edge.child.kill("SIGKILL");
      await edge.ended;
      return startEdgeProcess(Number(new URL(url).port));
    };
    await says(edge, "ready");
    return { edge, says, restart };
  }

  test.each(["loading", "sampling", "encoding"])("while %s: the agent goes on, and tells the edge that comes back", async (phase) => {
    const { edge, says, restart } = await withEdge();
    edge.child.stdin?.write(`offer a1 hang in ${phase}\n`);
    expect(await says(edge, "progress")).toMatchObject({ phase });
    const again = await restart();
    expect(await says(again, "hello")).toMatchObject({ running: ["a1"], finished: [] });
    // What it knew last is said again: this edge has never heard it.
    expect(await says(again, "progress")).toMatchObject({ attemptId: "a1", phase });
  });

  test("before the acknowledgement: the result is completed again at the edge that comes back, and then forgotten", async () => {
    const { edge, says, restart } = await withEdge();
    edge.child.stdin?.write("offer a1 cat\n");
    await says(edge, "completed");
    const again = await restart();
    expect(await says(again, "hello")).toMatchObject({ running: [], finished: ["a1"] });
    expect(await says(again, "completed")).toMatchObject({ attemptId: "a1" });
    again.child.stdin?.write("ack a1\n");
    again.child.stdin?.write("offer a2 dog\n");
    expect(await says(again, "accepted")).toMatchObject({ attemptId: "a2" });
  });
});

describe("a line that is cut", () => {
  test("for 5 s: the task goes on, and is drawn, uploaded and completed once", async () => {
    const { edge } = await started();
    const wire = await startWire(Number(new URL(edge.url).port));
    const { args } = await started(wire.url);
    const agent = startWithTestEngine(args);
    const { line } = await edge.nextAgent();
    line.send(anOffer(edge.url, "a1", { prompt: "until usr2" }));
    await line.next("progress");
    await wire.cut();
    await agent.event("line-lost");
    await sleep(5_000);
    await wire.mend();
    const again = await edge.nextAgent();
    expect(again.hello).toMatchObject({ running: ["a1"], finished: [] });
    agent.child.kill("SIGUSR2");
    expect(await again.line.next("completed")).toMatchObject({ attemptId: "a1" });
    expect(edge.puts.seen.filter((put) => put === "200 /up/a1/0")).toHaveLength(1);
  });

  test("for longer than the edge waits: the attempt was given away, the late result is refused and forgotten", async () => {
    const { edge, args, stateFolder } = await started();
    const agent = startWithTestEngine(args);
    const { line } = await edge.nextAgent();
    line.send(anOffer(edge.url, "a1", { prompt: "until usr2" }));
    await line.next("progress");
    edge.upgradeAnswers = [503];
    edge.uploadAnswers = [409];
    line.cut();
    await agent.event("line-lost");
    agent.child.kill("SIGUSR2");
    await agent.event("result-dropped");
    const again = await edge.nextAgent();
    expect(await again.line.inbox.take((message) => message.type === "ready" && message.freeSlots === 1)).toBeDefined();
    expect(await readdir(join(stateFolder, "spool"))).toEqual([]);
  });
});

test.skipIf(process.platform !== "linux")(
  "a full disk: the task goes to others, the agent rests and says why, and works again once there is room",
  async () => {
    const { edge, args, stateFolder } = await started();
    const agent = startWithFileLimit(args, 256);
    const { line } = await edge.nextAgent();
    line.send(anOffer(edge.url, "a1", { prompt: "large" }));
    expect(await line.next("failed")).toMatchObject({ attemptId: "a1", retryable: true, message: expect.stringContaining("EFBIG") });
    expect(await line.next("status")).toMatchObject({ status: { restingBecause: "its disk takes no more files" } });
    line.send({ type: "ack", attemptId: "a1", outcome: "recorded" });
    execFileSync("prlimit", ["--pid", String(agent.child.pid), "--fsize=unlimited:"]);
    expect(await tellAgent(stateFolder, { command: "resume" })).toMatchObject({ restingBecause: null });
    line.send(anOffer(edge.url, "a2", { prompt: "large" }));
    expect(await line.next("completed")).toMatchObject({ attemptId: "a2" });
  },
);

test("an upload that breaks half way is sent again, whole", async () => {
  const { edge, args } = await started();
  edge.uploads = "cut once";
  const agent = startWithTestEngine(args);
  const { line } = await edge.nextAgent();
  line.send(anOffer(edge.url, "a1", { prompt: "large" }));
  expect(await line.next("completed")).toMatchObject({ attemptId: "a1" });
  expect(edge.puts.seen).toEqual(["cut /up/a1/0", "200 /up/a1/0", "200 /up/a1/0/thumbnail"]);
  expect(edge.files.get("/up/a1/0")?.bytes.length).toBe(900_000);
  await agent.event("upload-retried");
});

/** A TCP line to a port, that can be cut: what is open breaks, and what comes is turned away. */
async function startWire(port: number) {
  const sockets = new Set<Socket>();
  const open = (at: number): Promise<Server> => {
    const server = createServer((near) => {
      const far = connect(port, "127.0.0.1");
      for (const socket of [near, far]) {
        sockets.add(socket);
        socket.on("error", () => {});
        socket.on("close", () => sockets.delete(socket));
      }
      near.pipe(far).pipe(near);
    });
    return new Promise((resolve) => server.listen(at, "127.0.0.1", () => resolve(server)));
  };
  let server = await open(0);
  const { port: at } = server.address() as { port: number };
  onTestFinished(() => void server.close());
  return {
    url: `http://127.0.0.1:${at}`,
    async cut() {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
    async mend() {
      server = await open(at);
    },
  };
}
