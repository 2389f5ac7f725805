import fs from "node:fs";
import path from "node:path";
import { execa } from "execa";
import { imageSize } from "image-size";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findPort } from "../../local/server.ts";
import { emptyFolder, Group, PROJECT } from "./local-start.ts";

const read = (file: string): string => fs.readFileSync(path.join(PROJECT, file), "utf8");

/** The shell blocks of a page, as somebody copies them. */
const shellBlocks = (markdown: string): string[] => [...markdown.matchAll(/```sh\n([\s\S]*?)```/g)].map((match) => match[1] ?? "");

describe.each(["README.md", "README.zh-CN.md"])("%s", (file) => {
  test("has the two commands, and CI runs the second one", () => {
    const [start, , tests] = shellBlocks(read(file)).map((block) => block.trim());
    const scripts = JSON.parse(read("package.json")) as { scripts: Record<string, string> };
    expect(start).toBe("npx -y pnpm@12.21.0 start");
    expect(tests).toBe("npx -y pnpm@12.21.0 test");
    expect(Object.keys(scripts.scripts)).toEqual(expect.arrayContaining(["start", "test"]));
    expect(read(".ci/run")).toContain(`\n${tests} `);
  });
});

describe("the commands of README.md, copied as they are", () => {
  let start: Group;
  const state = emptyFolder();
  const elsewhere = emptyFolder();
  let port: number;

  beforeAll(async () => {
    port = await findPort(0);
    const [command = ""] = shellBlocks(read("README.md"));
    start = new Group("bash", ["-c", `${command.trim()} --port ${port} --state ${state}`]);
    await start.until(/^Star-Graph is ready at http:\/\/127\.0\.0\.1:\d+$/m);
  });

  afterAll(async () => {
    start.signal("SIGINT");
    await start.exited;
    for (const folder of [state, elsewhere]) fs.rmSync(folder, { recursive: true, force: true });
  });

  test("start the system, and make and save a picture", async () => {
    const [, lines = ""] = shellBlocks(read("README.md"));
    const here = lines.replaceAll("127.0.0.1:8787", `127.0.0.1:${port}`).replaceAll(".stargraph/", `${state}/`);
    const { stdout } = await execa("bash", ["-euo", "pipefail", "-c", here], { cwd: elsewhere });
    expect(stdout).toMatch(/^task t2i_\d{8}_\d{12,}$/m);
    expect(stdout).toMatch(/^(PENDING|PROCESSING) \d+%$/m);
    expect(stdout).toMatch(/^COMPLETED 100%$/m);
    expect(imageSize(fs.readFileSync(path.join(elsewhere, "cat.png")))).toMatchObject({ type: "png", width: 1024, height: 1024 });
  });

  test.each(["README.md", "README.zh-CN.md"])("say what went wrong, as %s has them, when the task is not there", async (file) => {
    const [, lines = ""] = shellBlocks(read(file));
    const here = lines.replaceAll("127.0.0.1:8787", `127.0.0.1:${port}`).replaceAll(".stargraph/", `${state}/`);
    const lost = here.replace(/^TASK=[\s\S]*?taskId\)$/m, "TASK=t2i_20240101_000000000000");
    expect(lost).not.toBe(here);
    const { all } = await execa("bash", ["-c", lost], { cwd: elsewhere, all: true, reject: false });
    expect(all).toContain("资源不存在");
    expect(all).not.toMatch(/undefined|%/);
  });

  test("print a curl line that works when it is pasted", async () => {
    const [, pasted = ""] = /Try it[^\n]*\n\n([\s\S]*?)\n\nREADME/.exec(start.text) ?? [];
    const { stdout } = await execa("bash", ["-euc", pasted]);
    expect(JSON.parse(stdout)).toMatchObject({ code: 200, data: { taskId: expect.stringContaining("t2i_") } });
  });

  test("stop without leaving a process behind", async () => {
    start.signal("SIGINT");
    await start.exited;
    expect(start.members()).toEqual([]);
  });
});
