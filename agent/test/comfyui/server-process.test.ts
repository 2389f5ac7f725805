import { afterEach, expect, onTestFinished, test, vi } from "vitest";
import { fakeCommand, freePort, startFake } from "./fake-process.ts";
import { runTask, startEngine, until, withModels } from "./start-engine.ts";
import { aTask } from "./tasks.ts";

afterEach(() => {
  vi.unstubAllEnvs();
});

async function startOwn(traits: string[] = [], timings: Parameters<typeof startEngine>[2] = {}) {
  const port = await freePort();
  const started = startEngine(`http://127.0.0.1:${port}`, { start: { command: fakeCommand(port, { traits, stepMs: 20 }) } }, timings);
  await withModels(started.engine);
  return { ...started, port };
}

const pidsIn = (events: readonly string[]) => events.filter((event) => event.startsWith("engine-started")).length;

test("a server of our own is started, and models appear when it answers", async () => {
  const { engine } = await startOwn();
  const { result } = await runTask(engine, aTask.textToImage());
  expect(await result).toMatchObject({ servedBy: { engine: "comfyui", model: "v1-5-pruned-emaonly.safetensors" } });
  expect(engine.residentModels()).toEqual(["stable-diffusion-v1-5"]);
  await engine.freeMemory();
  expect(engine.residentModels()).toEqual([]);
  expect(await engine.health()).toEqual({ isReady: true, freeMemoryBytes: 8e9 });
});

test("a server of our own is not given the agent's key", async () => {
  vi.stubEnv("STARGRAPH_KEY", "sgk_secret");
  const port = await freePort();
  const command = [process.execPath, "-e", "console.log('key', process.env.STARGRAPH_KEY)"];
  const { log } = startEngine(`http://127.0.0.1:${port}`, { start: { command } });
  await until(() => log.events.some((event) => event.startsWith("engine-ended")));
  expect(log.events.find((event) => event.startsWith("engine-ended"))).toContain("key undefined");
});

test("one that crashes in a task is started again; the task may be tried again, and the models are back", async () => {
  const { engine, log } = await startOwn();
  const seen: number[] = [];
  engine.onChange(() => seen.push(engine.models().length));
  const { result } = await runTask(engine, aTask.textToImage({ prompt: "crash" }));
  await expect(result).rejects.toMatchObject({ failure: "INTERNAL", isRetryable: true });
  await until(() => seen.includes(0) && engine.models().length > 0);
  expect(log.events.find((event) => event.startsWith("engine-ended"))).toMatch(/ended \(139\)/);
  expect((await (await runTask(engine, aTask.textToImage())).result).files).toHaveLength(1);
  expect(pidsIn(log.events)).toBe(2);
});

test("one that hangs and does not heed SIGTERM is killed for certain and started again", async () => {
  const { engine, log } = await startOwn(["stubborn"], { goneMs: 60_000, healthMs: 500, hangMs: 500 });
  const { result } = await runTask(engine, aTask.textToImage({ prompt: "hang" }));
  await expect(result).rejects.toMatchObject({ failure: "INTERNAL", isRetryable: true, message: "ComfyUI restarted and lost the task" });
  expect(log.events).toContainEqual(expect.stringMatching(/^engine-ended: ComfyUI hangs/));
  await withModels(engine);
});

test("one that has lost its GPU looks well and fails everything: it is started again", async () => {
  const { engine, log } = await startOwn();
  const { result } = await runTask(engine, aTask.textToImage({ prompt: "poison" }));
  await expect(result).rejects.toMatchObject({ failure: "INTERNAL", isRetryable: true });
  await until(() => pidsIn(log.events) === 2);
  expect(log.events.filter((event) => event.startsWith("engine-ended"))).toEqual([expect.stringContaining("has lost its GPU")]);
});

test("one that goes on with a cancelled task is made to let go", async () => {
  const { engine, log } = await startOwn([], { stuckMs: 60 });
  const run = await runTask(engine, aTask.textToImage({ prompt: "deaf", steps: 150 }));
  await until(() => run.progress.some(({ phase }) => phase === "sampling"));
  run.abort.abort(new Error("cancelled"));
  await expect(run.result).rejects.toThrow("cancelled");
  await until(() => pidsIn(log.events) === 2);
  expect(log.events.filter((event) => event.startsWith("engine-ended"))).toEqual([expect.stringContaining("did not let go")]);
});

test("one that is there already is used, and another is started when that ends", async () => {
  const { url, child } = await startFake();
  const command = fakeCommand(Number(new URL(url).port));
  const { engine, log } = startEngine(url, { start: { command } });
  await withModels(engine);
  expect((await (await runTask(engine, aTask.textToImage())).result).files).toHaveLength(1);
  expect(pidsIn(log.events)).toBe(0);
  child.kill("SIGKILL");
  await until(() => pidsIn(log.events) === 1);
  await withModels(engine);
});

test("it is in a group of its own, which an owner's Ctrl-C does not reach", async () => {
  const { log } = await startOwn();
  const [, pid = ""] = /pid (\d+)/.exec(log.events.find((event) => event.startsWith("engine-started")) ?? "") ?? [];
  // A signal to a group that is not there would throw.
  expect(process.kill(-Number(pid), 0)).toBe(true);
});

test("it ends with the agent", async () => {
  const { engine, port } = await startOwn();
  await engine.close();
  await expect(fetch(`http://127.0.0.1:${port}/system_stats`)).rejects.toThrow("fetch failed");
});

test("a helper of a node that has left its group keeps nobody from starting it again", async () => {
  const helper = `require("node:child_process").spawn("sleep", ["60"], { stdio: "inherit", detached: true })`;
  const command = [process.execPath, "-e", `const helper = ${helper}; helper.unref(); console.log("helper", helper.pid)`];
  const { log } = startEngine(`http://127.0.0.1:${await freePort()}`, { start: { command } });
  const ends = () => log.events.filter((event) => event.startsWith("engine-ended"));
  onTestFinished(() => {
    for (const event of ends()) process.kill(Number(/helper (\d+)/.exec(event)?.[1]), "SIGKILL");
  });
  await until(() => ends().length > 0);
  expect(ends()[0]).toMatch(/ended \(0\): helper \d+/);
});

test("a command that cannot be started is said, and tried again", async () => {
  const { log } = startEngine("http://127.0.0.1:9", { start: { command: ["/no/such/python", "main.py"] } });
  await until(() => log.events.filter((event) => event.startsWith("engine-ended")).length > 1);
  expect(log.events.find((event) => event.startsWith("engine-ended"))).toMatch(/\/no\/such\/python/);
});
