import { expect, test } from "vitest";
import { commandOf, defineService, npxBeside } from "./definition.ts";

test.each([
  ["linux", "/usr/bin/node", "/home/some body", "/opt/100% $HOME/bin/stargraph-agent.mjs"],
  ["darwin", "/opt/homebrew/bin/node", "/Users/somebody", "/Users/somebody/a & b/stargraph-agent.mjs"],
  ["win32", "C:\\Program Files\\nodejs\\node.exe", "C:\\Users\\some body", "C:\\tools\\stargraph agent\\bin\\stargraph-agent.mjs"],
] as const)("is defined for %s, with odd folders quoted as that system wants them", async (platform, node, home, script) => {
  const spec = {
    command: [node, script, "run", "--config", `${home}/config.yaml`],
    home,
    stopWithinMs: 30_000,
    uid: 501,
    account: "BOX\\some body",
  };
  const definition = defineService(platform, spec);
  const lines = [
    `# ${definition?.file?.path}`,
    definition?.file?.text,
    "# stop, which may fail",
    ...(definition?.stop ?? []).map((words) => words.join(" ")),
    "# install",
    ...(definition?.install ?? []).map((words) => words.join(" ")),
  ];
  const after = ["# uninstall", ...(definition?.uninstall ?? []).map((words) => words.join(" ")), `# ${definition?.hint}`, ""];
  await expect([...lines, ...after].join("\n")).toMatchFileSnapshot(`../../test/service/${platform}.txt`);
});

test("is not defined for a system that nobody wrote it for", () => {
  expect(defineService("aix", { command: [], home: "/", stopWithinMs: 0, uid: 0, account: "root" })).toBeNull();
});

test.each([
  ["itself", "/usr/bin/node", "mixed"],
  ["what npx starts", "/usr/bin/npx", "control-group"],
])("systemd gives the agent the time that it gives its tasks, and tells %s to end", (_, program, mode) => {
  const unit = defineService("linux", { command: [program, "run"], home: "/", stopWithinMs: 120_500, uid: 0, account: "root" })?.file?.text;
  expect(unit).toContain(`\nKillMode=${mode}\nTimeoutStopSec=136\n`);
});

test("what npx fetched is started by npx again, anything else by its path", () => {
  expect(commandOf("/bin/node", "/opt/stargraph-agent.mjs", "1.2.3", "/bin/npx")).toEqual(["/bin/node", "/opt/stargraph-agent.mjs"]);
  const cached = "/home/a/.npm/_npx/ab12/node_modules/stargraph-agent/bin/stargraph-agent.mjs";
  expect(commandOf("/bin/node", cached, "1.2.3", npxBeside("/bin/node", "linux"))).toEqual(["/bin/npx", "--yes", "stargraph-agent@1.2.3"]);
  expect(npxBeside("C:\\node\\node.exe", "win32")).toBe("C:\\node\\npx.cmd");
});
