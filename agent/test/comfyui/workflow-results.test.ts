import { expect, test } from "vitest";
import { aPng } from "../pictures.ts";
import { runTask, startEngine, startReplay, withModels } from "./start-engine.ts";
import { aTask } from "./tasks.ts";
import { readJson } from "./transcript.ts";

const GRAPH = readJson("graphs/text2img_sd15_cold.json") as Record<string, { class_type: string; inputs: Record<string, unknown> }>;

/** Runs an owner's workflow to its end, in which its nodes name these files, by their class. */
async function resultOf(files: Readonly<Record<string, Readonly<Record<string, { filename: string; type?: string }[]>>>>) {
  const server = await startReplay({ file: (name) => (name.endsWith(".png") ? aPng(64, 64) : Buffer.from("neither picture nor video")) });
  const content = { ...GRAPH, 99: { class_type: "PreviewImage", inputs: { images: ["6", 0] } } };
  const settings = { name: "mine", types: ["TEXT2IMG"], file: "flow.json" };
  const { engine } = startEngine(server.url, { workflows: [{ settings, content }] });
  await withModels(engine);
  const { result } = await runTask(engine, aTask.textToImage({ modelName: "mine" }));
  const { graph, body, answer } = await server.posts.take();
  const outputs = Object.entries(graph).flatMap(([id, { class_type: name }]) => (files[name] ? [[id, files[name]] as const] : []));
  server.finish(body.prompt_id, graph, Object.fromEntries(outputs));
  answer(200, { prompt_id: body.prompt_id, node_errors: {} });
  return result;
}

test("what a workflow only shows, and what is neither picture nor video, is no result", async () => {
  const { files } = await resultOf({
    SaveImage: { images: [{ filename: "a.png" }], latents: [{ filename: "a.latent" }] },
    PreviewImage: { images: [{ filename: "b.png", type: "temp" }] },
  });
  expect(files).toHaveLength(1);
});

test("what it shows is the result where it saves nothing", async () => {
  const { files } = await resultOf({ PreviewImage: { images: [{ filename: "b.png", type: "temp" }] } });
  expect(files).toHaveLength(1);
});

test("more saved pictures than were ordered are not guessed at", async () => {
  const result = resultOf({ SaveImage: { images: [{ filename: "a.png" }, { filename: "b.png" }] } });
  await expect(result).rejects.toThrow("made 2 files where 1 were ordered");
});

test("a workflow whose files ComfyUI does not have is not offered, and its owner is told which", async () => {
  const content = { 4: { class_type: "CheckpointLoaderSimple", inputs: { ckpt_name: "flux1-dev.safetensors" } } };
  const server = await startReplay();
  const { engine, log } = startEngine(server.url, {
    workflows: [{ settings: { name: "mine", types: ["TEXT2IMG"], file: "flow.json" }, content }],
  });
  await withModels(engine);
  expect(engine.models().map(({ name }) => name)).not.toContain("mine");
  expect(log.events).toContain("model-left-out: workflow flow.json is not offered: ComfyUI lacks the files flux1-dev.safetensors");
});
