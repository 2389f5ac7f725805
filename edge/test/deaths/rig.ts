import { type ChildProcess, spawn } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import type { TaskDetail, TaskListItem } from "@star-graph/shared/rest/tasks";
import { vi } from "vitest";
import { newCredentials } from "../../local/credentials.ts";
import { findPort } from "../../local/server.ts";
import { EdgeProcess } from "../chaos/edge-process.ts";
import { Client, emptyFolder, processes, PROJECT } from "../system/local-start.ts";
import { Box } from "./box.ts";
import { Network } from "./network.ts";

const FIXTURES = path.join(PROJECT, "agent/test/fixtures");
/** Of an edge whose agents are waited for, however long their next process takes to start. */
const PATIENT = "offer=30";
/** An agent is lost after 12 s of silence. */
const IMPATIENT = "ping=1 lease=4 grace=8 offer=30";
const CHECKPOINT = "v1-5-pruned-emaonly.safetensors";
const MODELS = ["my-command", "my-comfyui", "my-sdapi", "my-blink", "my-away", "my-large"];
const TYPES = ["TEXT2IMG", "IMG2IMG"];
const END_MS = 40_000;

type EngineConfig = Record<string, unknown>;

/** A real edge, real agents and real engines, each of which can be killed, and the network between them. */
export interface Rig {
  network: Network;
  client: Client;
  /** Has an engine of each kind that runs a program of its own. */
  box: Box;
  /** All of them. */
  boxes: () => readonly Box[];
  edge: () => EdgeProcess;
  /** As a machine that loses its power: the edge comes back with less patience. */
  restartEdge: () => Promise<void>;
  addBox: (name: string, ...engines: EngineConfig[]) => Promise<Box>;
  /** An engine whose program draws patient prompts until `letDraw(name)`. */
  command: (name: string, model: string, slots?: number) => EngineConfig;
  letDraw: (name: string, mayDraw?: boolean) => void;
  /** Programs of the engines. */
  programs: () => { pid: number; command: string }[];
  killEngines: () => void;
  /** Once these tasks have ended and no engine works on them any more. */
  ended: (taskIds: readonly string[]) => Promise<TaskDetail[]>;
  stateFolder: string;
  stop: () => Promise<void>;
}

export async function startRig(): Promise<Rig> {
  const stateFolder = emptyFolder();
  const boxes: Box[] = [];
  const goFile = (name: string) => path.join(stateFolder, `${name}-may-draw`);
  const program = (name: string, file: string, ...args: string[]) => [process.execPath, path.join(FIXTURES, file), ...args, goFile(name)];
  const programs = () => processes().filter(({ command }) => command.includes(stateFolder) && command.includes("-may-draw"));
  const command = (name: string, model: string, slots = 1) => ({
    engine: "command",
    slots,
    command: program(name, "command-program.mjs"),
    models: [{ name: model, types: TYPES }],
  });

  const [port, comfyUiPort, sdapiPort] = [await findPort(0), await findPort(0), await findPort(0)];
  const network = new Network(port);
  const baseUrl = await network.listen();
  const credentials = newCredentials(baseUrl);
  const tokenSecret = credentials.agentKey.repeat(2);
  const order = { stateFolder, port, publicBaseUrl: baseUrl, tokenSecret, cronMs: 1_000, credentials };
  let edge = new EdgeProcess({ ...order, timings: PATIENT }, () => {});

  const startWebUi = (): ChildProcess =>
    spawn(process.execPath, ["--import", "tsx", path.join(FIXTURES, "webui-process.ts"), String(sdapiPort), goFile("box")], {
      cwd: path.join(PROJECT, "agent"),
      stdio: ["pipe", "ignore", "inherit"],
    });
  startWebUi();
  const addBox = async (name: string, ...engines: EngineConfig[]) => {
    // Each fetches its picture anew, or that could not be held up.
    const config = { edge: baseUrl, key: credentials.agentKey, "input-cache": "0", engines };
    const box = new Box({ name, folder: stateFolder, config });
    boxes.push(box);
    await box.start();
    return box;
  };
  const boxStarted = addBox(
    "box",
    command("box", "my-command", 12),
    {
      engine: "comfyui",
      slots: 4,
      url: `http://127.0.0.1:${comfyUiPort}`,
      start: { command: program("box", "fake-comfyui.mjs", String(comfyUiPort), "50") },
      models: [{ name: "my-comfyui", file: CHECKPOINT, family: "sd15" }],
    },
    {
      engine: "sdapi",
      slots: 4,
      url: `http://127.0.0.1:${sdapiPort}`,
      models: [{ name: "my-sdapi", checkpoint: `${CHECKPOINT} [6ce0161689]`, family: "sd15" }],
    },
  );
  await edge.start();
  network.letThrough(true);
  const admin = await Client.login({ baseUrl, credentials: { ...credentials, demo: credentials.admin } });
  await Promise.all(MODELS.map((name) => admin.call("POST", "/admin/models", { name, types: TYPES, price: 10 })));
  const client = await Client.login({ baseUrl, credentials });

  return {
    network,
    client,
    box: await boxStarted,
    boxes: () => boxes,
    edge: () => edge,
    async restartEdge() {
      network.letThrough(false);
      await edge.kill();
      edge = new EdgeProcess({ ...order, timings: IMPATIENT }, () => {});
      await edge.start();
      network.letThrough(true);
    },
    addBox,
    command,
    letDraw: (name, mayDraw = true) => (mayDraw ? fs.writeFileSync(goFile(name), "") : fs.rmSync(goFile(name), { force: true })),
    programs,
    killEngines() {
      for (const { pid } of programs().filter((one) => one.command.includes(goFile("box")))) process.kill(pid, "SIGKILL");
      // ComfyUI is started again by the agent; a WebUI is its owner's.
      startWebUi();
    },
    async ended(taskIds) {
      const isOver = (status: string) => status !== "PENDING" && status !== "PROCESSING";
      // One list for all of them, rather than many pollers.
      await vi.waitUntil(
        async () => {
          const { content } = await client.call<{ content: TaskListItem[] }>("GET", "/tasks?pageSize=100");
          return taskIds.every((id) => content.some((task) => task.id === id && isOver(task.status)));
        },
        { timeout: END_MS, interval: 100 },
      );
      return Promise.all(taskIds.map((taskId) => client.until(taskId, (task) => !task.stopping)));
    },
    stateFolder,
    async stop() {
      await Promise.all(boxes.map((one) => one.end("SIGKILL")));
      for (const { pid } of programs()) process.kill(pid, "SIGKILL");
      await edge.kill();
      await network.close();
      fs.rmSync(stateFolder, { recursive: true, force: true });
    },
  };
}
