import fs from "node:fs";
import path from "node:path";
import { Client as StompClient } from "@stomp/stompjs";
import { execa } from "execa";
import { imageSize } from "image-size";
import { publint } from "publint";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import WebSocket from "ws";
import { Client, emptyFolder, Group, PROJECT, startSystem } from "./local-start.ts";

const AGENT = path.join(PROJECT, "agent");
const SCENE = path.join(PROJECT, "agent/scene");
const AGENT_TARBALL = "stargraph-agent-0.1.0.tgz";
const SCENE_TARBALL = "stargraph-scene-0.1.0.tgz";

/** As its user's empty folder is afterwards. */
const folder = emptyFolder();
let packed: Packed;

interface Packed {
  size: number;
  files: { path: string }[];
}

beforeAll(async () => {
  packed = await install(folder);
});
afterAll(() => fs.rmSync(folder, { recursive: true, force: true }));

test("the package is one small bundle that needs no other package, with the licences of what is inside", async () => {
  expect(packed.files.map((file) => file.path).filter((file) => !/^dist\/[\w.-]+\.js$/.test(file))).toEqual([
    "README.md",
    "bin/stargraph-agent.mjs",
    "dist/LICENSE",
    "dist/THIRD_PARTY_LICENSES.txt",
    "package.json",
  ]);
  // What docs/gpu-owners.md promises.
  expect(packed.size).toBeLessThan(500_000);
  const tarball = fs.readFileSync(path.join(folder, AGENT_TARBALL));
  const { messages, pkg } = await publint({ pack: { tarball: new Uint8Array(tarball).buffer } });
  expect(messages).toEqual([]);
  expect(pkg).not.toHaveProperty("dependencies");
  expect(pkg).not.toHaveProperty("optionalDependencies");
  expect(pkg?.["peerDependenciesMeta"]).toEqual({ sharp: { optional: true }, "stargraph-scene": { optional: true } });
});

test("packed, installed in an empty folder and started by its command, it serves within 10 s, and its picture reaches the user", async () => {
  const state = emptyFolder();
  onTestFinished(() => fs.rmSync(state, { recursive: true, force: true }));
  const system = await startSystem(state, ["--no-agent"]);
  onTestFinished(async () => void (await system.stop()));

  const flags = ["--edge", system.baseUrl, "--key", system.credentials.agentKey, "--state", path.join(folder, "state")];
  const agent = new Group("npx", ["stargraph-agent", ...flags], { cwd: folder });
  onTestFinished(async () => {
    agent.signal("SIGTERM");
    await agent.exited;
  });
  await agent.until(/Registered with http/, 10_000);

  const client = await Client.login(system);
  const results = listen(system.baseUrl, client.token);
  onTestFinished(() => results.close());
  await results.isOpen;
  // So wide that a thumbnail is made of it, in the thread that the package brings for where sharp is not.
  const taskId = await client.submit({ prompt: "a cat", width: 640, height: 256, steps: 4, modelName: "stargraph-scene" });
  const end = await results.next;
  expect(end).toMatchObject({ taskId, status: "COMPLETED" });
  const picture = await fetch(end.results[0]!.url);
  expect(imageSize(new Uint8Array(await picture.arrayBuffer()))).toMatchObject({ type: "png", width: 640, height: 256 });
});

/** The agent as npm installs it, without a registry: it has no dependencies. The engine beside it borrows its own from the workspace. */
async function install(folder: string): Promise<Packed> {
  fs.writeFileSync(path.join(folder, "package.json"), '{"private":true}');
  const [{ stdout }] = await Promise.all([
    execa("npm", ["pack", "--json", "--pack-destination", folder], { cwd: AGENT }),
    execa("npx", ["-y", "pnpm@12.21.0", "pack", "--pack-destination", folder], { cwd: SCENE }),
  ]);
  await execa("npm", ["install", "--offline", "--legacy-peer-deps", "--no-audit", "--no-fund", `./${AGENT_TARBALL}`], {
    cwd: folder,
  });
  const scene = path.join(folder, "node_modules/stargraph-scene");
  fs.mkdirSync(scene);
  await execa("tar", ["-xzf", path.join(folder, SCENE_TARBALL), "--strip-components=1"], { cwd: scene });
  const { dependencies } = JSON.parse(fs.readFileSync(path.join(scene, "package.json"), "utf8")) as { dependencies: object };
  fs.mkdirSync(path.join(scene, "node_modules"));
  for (const name of Object.keys(dependencies)) {
    fs.symlinkSync(fs.realpathSync(path.join(SCENE, "node_modules", name)), path.join(scene, "node_modules", name));
  }
  // What the build has to say comes before npm's own words.
  const [answer] = JSON.parse(stdout.slice(stdout.search(/^\[/m))) as [Packed];
  return answer;
}

interface End {
  taskId: string;
  status: string;
  results: { url: string }[];
}

/** The first message on the user's result topic. */
function listen(baseUrl: string, token: string) {
  const opened = Promise.withResolvers<void>();
  const heard = Promise.withResolvers<End>();
  const stomp = new StompClient({
    webSocketFactory: () => new WebSocket(`${baseUrl.replace("http", "ws")}/ws`, ["v12.stomp"]),
    connectHeaders: { Authorization: `Bearer ${token}` },
    reconnectDelay: 0,
    onStompError: (frame) => opened.reject(new Error(frame.headers["message"])),
    onConnect: () => {
      stomp.subscribe("/user/topic/result", ({ body }) => heard.resolve(JSON.parse(body) as End));
      opened.resolve();
    },
  });
  stomp.activate();
  return { isOpen: opened.promise, next: heard.promise, close: () => stomp.deactivate() };
}
