import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Request } from "miniflare";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { createOutbound } from "./outbound.ts";

const asked: string[] = [];
const server = createServer((request, response) => {
  asked.push(`${request.method} ${request.headers.host} ${request.url}`);
  if (request.url === "/moved") response.writeHead(302, { location: "/there", "set-cookie": ["a=1", "b=2"] });
  request.pipe(response);
});
let port: number;

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  port = (server.address() as AddressInfo).port;
});
afterAll(() => server.close());

/** A resolver that knows these names. */
function outboundWith(allowedHosts: string[], names: Record<string, string[]> = {}) {
  const resolve = ((
    hostname: string,
    _options: object,
    done: (error: Error | null, found: { address: string; family: number }[]) => void,
  ) => {
    const found = (names[hostname] ?? []).map((address) => ({ address, family: address.includes(":") ? 6 : 4 }));
    done(found.length > 0 ? null : new Error("ENOTFOUND"), found);
  }) as Parameters<typeof createOutbound>[1];
  const outbound = createOutbound(allowedHosts, resolve);
  onTestFinished(() => outbound.close());
  return (url: string, init?: ConstructorParameters<typeof Request>[1]) => outbound.fetch(new Request(url, init));
}

test("a name that resolves to this machine or network is not connected to", async () => {
  const names = { "rebind.example.com": ["127.0.0.1"], "six.example.com": ["::1", "fd00::1", "::ffff:127.0.0.1"] };
  const fetch = outboundWith([], names);
  for (const host of Object.keys(names)) {
    const answer = await fetch(`http://${host}:${port}/`);
    expect([answer.status, await answer.text()]).toEqual([502, expect.stringContaining("not on the public internet")]);
  }
  expect(asked).toEqual([]);
});

test("an address of this machine is refused in any notation", async () => {
  for (const host of ["127.0.0.1", "2130706433", "[::1]", "[::ffff:7f00:1]", "localhost"]) {
    expect((await outboundWith([])(`http://${host}:${port}/`)).status, `host ${host}`).toBe(403);
  }
  expect(asked).toEqual([]);
});

test("a host that was opened by name is reached, and answers as it is: redirects and headers are not followed or lost", async () => {
  const fetch = outboundWith([`127.0.0.1:${port}`]);
  const moved = await fetch(`http://127.0.0.1:${port}/moved`);
  expect([moved.status, moved.headers.get("location"), moved.headers.getSetCookie()]).toEqual([302, "/there", ["a=1", "b=2"]]);
  const echoed = await fetch(`http://127.0.0.1:${port}/echo`, { method: "POST", body: "hello" });
  expect([echoed.status, await echoed.text()]).toEqual([200, "hello"]);
  expect(asked).toEqual([`GET 127.0.0.1:${port} /moved`, `POST 127.0.0.1:${port} /echo`]);
});
