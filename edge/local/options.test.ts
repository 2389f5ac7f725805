import { expect, test } from "vitest";
import { parseOptions, StartError } from "./options.ts";

test("takes flags before environment before defaults", () => {
  expect(parseOptions([], {})).toEqual({ port: 8787, stateFolder: ".stargraph", withAgent: true, openBrowser: false, allowedHosts: [] });
  expect(parseOptions([], { PORT: "9000", STATE_DIR: "kept" })).toMatchObject({ port: 9000, stateFolder: "kept" });
  expect(parseOptions(["--port", "0", "--state", "x", "--no-agent", "--open"], { PORT: "9000" })).toEqual({
    port: 0,
    stateFolder: "x",
    withAgent: false,
    openBrowser: true,
    allowedHosts: [],
  });
});

test("takes hosts that may be reached from the environment alone", () => {
  const env = { STARGRAPH_ALLOW_HOSTS: "127.0.0.1:9000, nas.lan" };
  expect(parseOptions([], env)).toMatchObject({ allowedHosts: ["127.0.0.1:9000", "nas.lan"] });
});

test("ignores the separator that pnpm hands on", () => {
  expect(parseOptions(["--", "--help"], {})).toBe("help");
});

test.each([[["--prot", "1"]], [["--port"]], [["--port", "http"]], [["--port", "70000"]], [["--state", " "]], [["extra"]]])(
  "says in one line what is wrong with %j",
  (args) => {
    let message = "";
    try {
      parseOptions(args, {});
    } catch (error) {
      if (!(error instanceof StartError)) throw error;
      message = error.message;
    }
    expect(message).toMatch(/^[^\n]+$/);
  },
);
