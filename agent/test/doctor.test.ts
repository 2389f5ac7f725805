import { stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { startFake } from "./comfyui/fake-process.ts";
import { KEY } from "./fake-edge.ts";
import { startedEdge, temporaryFolder } from "./run-in-process.ts";
import { startCommand } from "./run-process.ts";

async function doctor(flags: readonly string[]) {
  const state = join(await temporaryFolder(), "not", "yet");
  const { code, stdout } = await startCommand("doctor", [...flags, "--state", state]).ended;
  await expect(stat(state)).rejects.toThrow("ENOENT");
  const marks = stdout.split("\n").map((line) => /^(ok|!!|--) +(\S+)/.exec(line)?.slice(1).join(" "));
  return { code, stdout, marks: marks.filter((mark) => mark !== undefined) };
}

test("finds everything fine, each engine's models too, and leaves no trace of itself at the edge but an open and closed line", async () => {
  const [edge, comfyui] = await Promise.all([startedEdge(), startFake()]);
  const config = join(await temporaryFolder(), "config.yaml");
  const dream = "{ name: dream, file: dream.safetensors, family: sd15 }";
  await writeFile(config, `engines: [{ engine: built-in }, { engine: comfyui, url: "${comfyui.url}", models: [${dream}] }]`);
  const { code, marks, stdout } = await doctor(["--edge", edge.url, "--key", KEY, "--config", config]);
  expect(marks).toEqual(
    expect.arrayContaining(["ok key", "ok edge", "ok protocol", "ok clock", "ok disk", "ok TEXT2IMG", "ok UPSCALE", "ok POSE"]),
  );
  expect(stdout).toContain("test: 1 model");
  expect(stdout).toContain("comfyui: 5 models");
  expect(stdout).toContain("dream is not offered: ComfyUI lists no dream.safetensors in checkpoints");
  expect(code).toBe(0);
  expect(edge.lines.seen[0]?.inbox.seen).toEqual([]);
});

test.each([
  ["no key", [], "!! key"],
  ["a wrong key", ["--key", "sgk_wrong_key_1"], "!! key"],
  ["an edge that is down", ["--key", KEY, "--edge", "http://127.0.0.1:1"], "!! edge"],
])("exits 1 and marks what is wrong: %s", async (_, flags, mark) => {
  const edge = await startedEdge();
  const { code, marks, stdout } = await doctor(["--edge", edge.url, ...flags]);
  expect(marks).toContain(mark);
  expect(code).toBe(1);
  expect(stdout).not.toContain("wrong_key");
});
