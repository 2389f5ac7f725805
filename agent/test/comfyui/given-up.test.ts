import { expect, test } from "vitest";
import { runTask, startEngine, startReplay, until, withModels } from "./start-engine.ts";
import { aTask } from "./tasks.ts";

test("a job whose server was silent for too long is cancelled when that answers again, and leaves nothing in its history", async () => {
  const server = await startReplay();
  const { engine } = startEngine(server.url, {}, { goneMs: 50, pollMs: 20 });
  await withModels(engine);
  const { result } = await runTask(engine, aTask.textToImage());
  const { job, body } = await server.nextJob();
  await server.stop();
  await expect(result).rejects.toThrow("ComfyUI is gone");
  await server.listen();
  await until(() => server.requests.includes(`POST /api/jobs/${body.prompt_id}/cancel`));
  job.endWell();
  await until(() => job.isForgotten);
});

test("a job that ended is taken out of the history", async () => {
  const server = await startReplay();
  const { engine } = startEngine(server.url);
  await withModels(engine);
  const { result } = await runTask(engine, aTask.textToImage());
  const { job } = await server.nextJob();
  job.endWell();
  expect((await result).files).toHaveLength(1);
  await until(() => job.isForgotten);
});

test("a server so old that it chooses the ids itself is followed by its own", async () => {
  const server = await startReplay();
  const { engine } = startEngine(server.url);
  await withModels(engine);
  const { result, progress } = await runTask(engine, aTask.textToImage());
  const actual = "11111111-1111-4111-8111-111111111111";
  const { job } = await server.nextJob(actual);
  await until(() => server.requests.includes(`GET /history/${actual}`));
  const sampler = Object.keys(job.graph).find((id) => job.graph[id]?.class_type === "KSampler");
  server.say({ type: "progress", data: { prompt_id: actual, node: sampler, value: 1, max: 2 } });
  await until(() => progress.some(({ phase }) => phase === "sampling"));
  job.endWell();
  expect((await result).files).toHaveLength(1);
  await until(() => job.isForgotten);
});
