import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { aLog } from "../../../test/builders.ts";
import { runTask, startReplay, until, withModels } from "../../../test/comfyui/start-engine.ts";
import { aTask } from "../../../test/comfyui/tasks.ts";
import { temporaryFolder } from "../../../test/run-in-process.ts";
import { Refusal } from "../../refusal.ts";
import { EngineSettings } from "../settings.ts";
import { openComfyUI } from "./open-comfyui.ts";
import { ComfyUISettings } from "./settings.ts";

const withWorkflow = (file: string) =>
  ComfyUISettings.parse({ engine: "comfyui", workflows: [{ name: "mine", types: ["TEXT2IMG"], file }] });

test("a workflow that cannot be read ends the agent at its start, in words for its owner", async () => {
  const file = join(await temporaryFolder(), "flow.json");
  const opened = (path: string) => openComfyUI(withWorkflow(path), { log: aLog() });
  await expect(opened(file)).rejects.toThrow(/^The workflow for mine cannot be used: ENOENT/);
  await writeFile(file, "{ not JSON");
  await expect(opened(file)).rejects.toThrow(/flow\.json is no workflow in API format/);
  await expect(opened(file)).rejects.toBeInstanceOf(Refusal);
});

test.each([
  [{ url: "localhost:8188" }, "url", "must be a URL such as http://127.0.0.1:8188"],
  [{ models: [{ name: "a", file: "b", family: "sd9" }] }, "models.0.family", expect.stringContaining("sd15")],
  [{ workflows: [{ name: "a", types: [], file: "b" }] }, "workflows.0.types.0", expect.any(String)],
  [{ workflows: [{ name: "a", types: ["UPSCALE"], file: "b", inputs: { seed: "6" } }] }, "workflows.0.inputs.seed", expect.any(String)],
  [{ slots: 0 }, "slots", "must be a whole number from 1 to 64"],
])("settings %j are refused by name", (changes, path, message) => {
  const issues = EngineSettings.safeParse({ engine: "comfyui", ...changes }).error?.issues ?? [];
  expect(issues.map((issue) => [issue.path.join("."), issue.message])).toEqual([[path, message]]);
});

test("a job that was at work when the agent was killed is cancelled at its next start", async () => {
  const [server, stateFolder] = await Promise.all([startReplay(), temporaryFolder()]);
  const open = async () => {
    const engine = await openComfyUI(ComfyUISettings.parse({ engine: "comfyui", url: server.url }), { log: aLog(), stateFolder });
    onTestFinished(() => engine.close());
    await withModels(engine);
    return engine;
  };
  const killed = await open();
  await runTask(killed, aTask.textToImage());
  const { body } = await server.nextJob();
  await killed.close();
  const cancel = `POST /api/jobs/${body.prompt_id}/cancel`;
  expect(server.requests).not.toContain(cancel);
  await open();
  await until(() => server.requests.includes(cancel));
});
