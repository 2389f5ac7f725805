import { chmod, mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { KEY } from "./fake-edge.ts";
import { temporaryFolder } from "./run-in-process.ts";
import { startBin } from "./run-process.ts";

/** A home with settings, and a systemctl that writes down how it is called. */
async function aHome(config: string) {
  const home = await temporaryFolder();
  const bin = join(home, "bin");
  await mkdir(join(home, ".stargraph-agent"), { recursive: true });
  await mkdir(bin);
  if (config !== "") await writeFile(join(home, ".stargraph-agent/config.yaml"), config, { mode: 0o600 });
  await writeFile(join(bin, "systemctl"), `#!/bin/sh\necho "$@" >> ${join(home, "calls")}\n`);
  await chmod(join(bin, "systemctl"), 0o755);
  const env = { HOME: home, PATH: `${bin}:${process.env["PATH"]}` };
  return { home, run: (...args: string[]) => startBin(args, { env }).ended };
}

describe.skipIf(process.platform !== "linux")("the service", () => {
  test("is installed with what the config file says, started, and taken away again", async () => {
    const { home, run } = await aHome(`edge: https://api.example.com\nkey: ${KEY}\n`);
    expect(await run("service", "install")).toMatchObject({
      code: 0,
      stdout: expect.stringContaining("journalctl --user -u stargraph-agent"),
    });
    const unit = join(home, ".config/systemd/user/stargraph-agent.service");
    expect(await readFile(unit, "utf8")).toContain(`"run" "--config" "${join(home, ".stargraph-agent/config.yaml")}"`);
    expect(await readFile(unit, "utf8")).not.toContain(KEY);
    expect(await run("service", "uninstall")).toMatchObject({ code: 0 });
    await expect(stat(unit)).rejects.toThrow("ENOENT");
    expect((await readFile(join(home, "calls"), "utf8")).trim().split("\n")).toEqual([
      "--user daemon-reload",
      "--user enable stargraph-agent.service",
      "--user restart stargraph-agent.service",
      "--user disable --now stargraph-agent.service",
    ]);
  });

  test("is not installed without settings to start with", async () => {
    const { run } = await aHome("");
    expect(await run("service", "install")).toMatchObject({ code: 2, stderr: expect.stringContaining("there is no config file") });
  });

  test("is not installed with settings that it would not keep", async () => {
    const { home, run } = await aHome(`edge: https://api.example.com\nkey: ${KEY}\n`);
    const path = join(home, ".stargraph-agent/config.yaml");
    expect(await run("service", "install", "--idle-only")).toMatchObject({
      code: 2,
      stderr: expect.stringContaining(`--idle-only is nothing that a service keeps: say it in ${path}`),
    });
    const behindProxy = startBin(["service", "install"], { env: { HOME: home, HTTPS_PROXY: "http://proxy:3128" } });
    expect(await behindProxy.ended).toMatchObject({ code: 2, stderr: expect.stringContaining("a service does not see HTTPS_PROXY") });
  });

  test("is shown before it is installed", async () => {
    const { home, run } = await aHome(`edge: https://api.example.com\nkey: ${KEY}\n`);
    expect(await run("service", "install", "--dry-run")).toMatchObject({ code: 0, stdout: expect.stringContaining("ExecStart=") });
    const { stdout } = await run("service", "uninstall", "--dry-run");
    expect(stdout).toBe(
      `systemctl --user disable --now stargraph-agent.service\nThen ${join(home, ".config/systemd/user/stargraph-agent.service")} is removed.`,
    );
    await expect(stat(join(home, "calls"))).rejects.toThrow("ENOENT");
  });
});

test("init asks, so it wants somebody to answer", async () => {
  const { run } = await aHome("");
  expect(await run("init")).toMatchObject({ code: 1, stderr: expect.stringContaining("no terminal to ask on") });
});
