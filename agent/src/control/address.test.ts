import { tmpdir } from "node:os";
import { expect, test } from "vitest";
import { controlAddress } from "./address.ts";

test.each(["linux", "darwin"] as const)(
  "on %s it is a socket in the state folder, or one named after it where the path is too long",
  (platform) => {
    expect(controlAddress("/home/me/.stargraph-agent", platform)).toBe("/home/me/.stargraph-agent/control.sock");
    const [deep, deeper] = [1, 2].map((depth) => controlAddress(`/home/me${"/a-long-name".repeat(10)}/${depth}`, platform));
    expect(deep?.startsWith(`${tmpdir()}/stargraph-agent-`)).toBe(true);
    expect(Buffer.byteLength(deep ?? "")).toBeLessThanOrEqual(104);
    expect(deep).not.toBe(deeper);
  },
);

test("on Windows it is a pipe for each folder, however its letters are written", () => {
  const pipe = controlAddress("C:\\Users\\some body\\.stargraph-agent", "win32");
  expect(pipe).toMatch(/^\\\\\.\\pipe\\stargraph-agent-[0-9a-f]{16}$/);
  expect(controlAddress("c:\\users\\some body\\.stargraph-agent", "win32")).toBe(pipe);
  expect(controlAddress("C:\\Users\\somebody else\\.stargraph-agent", "win32")).not.toBe(pipe);
});
