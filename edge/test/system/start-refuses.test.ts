import fs from "node:fs";
import net from "node:net";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, describe, expect, test, vi } from "vitest";
import { StartError } from "../../local/options.ts";
import { findPort, startServer } from "../../local/server.ts";
import { emptyFolder, Group, processes, PROJECT, startSystem } from "./local-start.ts";

const folders: string[] = [];
const folder = () => {
  const made = emptyFolder();
  folders.push(made);
  return made;
};

afterAll(() => {
  for (const made of folders) fs.rmSync(made, { recursive: true, force: true });
});

/** Runs the start to its end: exit code and everything it said. */
async function refused(flags: string[], env: Record<string, string> = {}) {
  const group = new Group(process.execPath, ["edge/local/start.mjs", ...flags], { env });
  const code = await group.exited;
  return { code, text: group.text };
}

const ONE_LINE = /^[^\n]+\n$/;

describe.concurrent("the local start", () => {
  test.each([
    ["an unknown flag", ["--prot", "8000"], /--prot/],
    ["a port that is none", ["--port", "eighty"], /port.*"eighty"/],
    ["a folder that cannot be made", ["--state", "/dev/null/state", "--port", "0"], /\/dev\/null\/state cannot be written/],
  ])("%s is one clear line and exit code 1", async (_what, flags, says) => {
    const { code, text } = await refused(flags);
    expect(code).toBe(1);
    expect(text).toMatch(ONE_LINE);
    expect(text).toMatch(says);
  });

  test("a taken port is one clear line that says how to choose another", async () => {
    const holder = net.createServer();
    await new Promise<void>((resolve) => holder.listen(0, "127.0.0.1", resolve));
    const { port } = holder.address() as net.AddressInfo;
    const { code, text } = await refused(["--port", String(port), "--state", folder()]);
    holder.close();
    expect([code, text]).toEqual([1, `Port ${port} is already in use. Choose another one with --port, or --port 0 for any free one.\n`]);
  });

  test.each([
    ["not JSON", "{", /credentials\.json is not valid JSON/],
    [
      "without its agent key",
      '{"baseUrl":"x","admin":{"username":"a","password":"b"},"demo":{"username":"a","password":"b"}}',
      /credentials\.json is broken \(agentKey/,
    ],
  ])("a credentials file that is %s is one clear line", async (_what, content, says) => {
    const state = folder();
    fs.writeFileSync(path.join(state, "credentials.json"), content);
    const { code, text } = await refused(["--port", "0", "--state", state]);
    expect(code).toBe(1);
    expect(text).toMatch(ONE_LINE);
    expect(text).toMatch(says);
  });

  test.each([
    ["throws", 'throw new Error("planted");', /^The Worker did not start: [^\n]*planted$/],
    ["cannot be bundled", "const broken = ;", /^The Worker did not start: [^\n]*broken\.ts:1[^\n]*$/],
  ])("a Worker that %s when it starts is one clear line, and leaves nothing running", async (_what, code, says) => {
    const project = folder();
    const settings = fs.readFileSync(path.join(PROJECT, "wrangler.toml"), "utf8").replace("edge/src/worker.ts", "broken.ts");
    fs.writeFileSync(path.join(project, "wrangler.toml"), settings);
    fs.writeFileSync(path.join(project, "broken.ts"), `${code}\nexport default {};\n`);
    const options = { projectFolder: project, dataFolder: path.join(project, "data"), tokenSecret: "x".repeat(32), allowedHosts: [] };
    const start = startServer({ ...options, port: await findPort(0), onLog: () => undefined });
    await expect(start).rejects.toThrow(says);
    await expect(start).rejects.toBeInstanceOf(StartError);
    await vi.waitUntil(() => processes().every(({ command }) => !command.includes("workerd") || !command.includes(project)));
  });

  test("a log that cannot be written is one clear line", async () => {
    const state = folder();
    fs.mkdirSync(path.join(state, "edge.log"));
    const { code, text } = await refused(["--port", "0", "--state", state]);
    expect(code).toBe(1);
    expect(text).toMatch(ONE_LINE);
    expect(text).toMatch(/edge\.log cannot be written \(EISDIR\)/);
  });

  test("--open does not keep a stop waiting, however long the browser stays", async () => {
    const bin = folder();
    fs.writeFileSync(path.join(bin, "xdg-open"), `#!/bin/sh\necho $1 > ${bin}/opened\nexec sleep 300\n`, { mode: 0o755 });
    const group = new Group(process.execPath, ["edge/local/start.mjs", "--port", "0", "--state", folder(), "--no-agent", "--open"], {
      env: { PATH: `${bin}:${process.env["PATH"]}` },
    });
    const [, url] = await group.until(/is ready at (\S+)/);
    await vi.waitUntil(() => fs.existsSync(path.join(bin, "opened")));
    expect(fs.readFileSync(path.join(bin, "opened"), "utf8")).toBe(`${url}\n`);
    group.signal("SIGTERM");
    expect(await group.exited).toBe(0);
    for (const { pid } of processes().filter(({ command }) => command.startsWith("sleep 300"))) process.kill(pid);
  });

  test("--help tells every option", async () => {
    const { code, text } = await refused(["--help"]);
    expect(code).toBe(0);
    for (const option of ["--port", "--state", "--no-agent", "--open", "PORT", "STATE_DIR"]) expect(text).toContain(option);
  });

  test("a state that is in use, or that another version wrote, or that lost its credentials, is one clear line", async () => {
    const state = folder();
    const system = await startSystem(state, ["--no-agent"]);
    const second = await refused(["--port", "0", "--state", state]);
    expect(second.text).toMatch(ONE_LINE);
    expect(second).toMatchObject({ code: 1, text: expect.stringContaining("is in use by another start") });
    expect(await system.stop()).toBe(0);

    const [database] = fs.globSync(path.join(state, "data/d1/**/*.sqlite")).filter((file) => !file.includes("metadata"));
    const db = new DatabaseSync(database!);
    db.exec("INSERT INTO d1_migrations (name) VALUES ('9999_from_the_future.sql')");
    const future = await refused(["--port", "0", "--state", state]);
    expect(future.text).toMatch(ONE_LINE);
    expect(future).toMatchObject({
      code: 1,
      text: expect.stringContaining("written by another version of Star-Graph (9999_from_the_future.sql)"),
    });
    db.exec("DELETE FROM d1_migrations WHERE name = '9999_from_the_future.sql'");
    db.close();

    const file = path.join(state, "credentials.json");
    const credentials = JSON.parse(fs.readFileSync(file, "utf8"));
    fs.writeFileSync(file, JSON.stringify({ ...credentials, demo: { username: "demo", password: "another" } }));
    const stranger = await refused(["--port", "0", "--state", state, "--no-agent"]);
    expect(stranger.text).toMatch(ONE_LINE);
    expect(stranger).toMatchObject({ code: 1, text: expect.stringContaining("demo cannot log in with the password there") });

    fs.rmSync(file);
    const keyless = await refused(["--port", "0", "--state", state]);
    expect(keyless.text).toMatch(ONE_LINE);
    expect(keyless).toMatchObject({ code: 1, text: expect.stringContaining("has users but no credentials.json") });

    fs.writeFileSync(file, JSON.stringify(credentials));
    fs.writeFileSync(database!, "this is no database");
    const damaged = await refused(["--port", "0", "--state", state]);
    expect(damaged.code).toBe(1);
    expect(damaged.text).toMatch(/The data in [^\n]* cannot be used \([^\n]*\)\. Use another folder with --state\.\n$/);
  });
});
