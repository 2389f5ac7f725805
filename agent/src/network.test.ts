import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, onTestFinished, test, vi } from "vitest";
import { openNetwork } from "./network.ts";

const NEVER = new AbortController().signal;

const VARIABLES = ["HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY"];

afterEach(() => vi.unstubAllEnvs());

/** A proxy that writes down what it is asked for, and lets nothing through. */
async function aProxy() {
  const asked: string[] = [];
  const server = createServer();
  server.on("connect", (request, socket) => {
    asked.push(request.url ?? "");
    socket.end("HTTP/1.1 502 Bad Gateway\r\n\r\n");
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

function environment(values: Record<string, string>): void {
  for (const name of VARIABLES) {
    vi.stubEnv(name, values[name] ?? "");
    vi.stubEnv(name.toLowerCase(), "");
  }
}

const open = (proxy: string | null = null) => {
  const network = openNetwork({
    edge: new URL("https://api.invalid"),
    proxy: proxy === null ? null : new URL(proxy),
    extraAuthorities: null,
  });
  onTestFinished(() => network.close());
  return network;
};

test.each([
  [{}, "https://api.invalid", false],
  [{ HTTPS_PROXY: "it" }, "https://api.invalid", true],
  [{ ALL_PROXY: "it" }, "https://api.invalid", true],
  [{ ALL_PROXY: "it" }, "http://api.invalid", true],
  [{ HTTP_PROXY: "it" }, "https://api.invalid", false],
  [{ HTTPS_PROXY: "it", NO_PROXY: "invalid" }, "https://api.invalid", true],
  [{ HTTPS_PROXY: "it", NO_PROXY: ".invalid" }, "https://api.invalid", false],
  [{ HTTPS_PROXY: "it", NO_PROXY: "api.invalid:443" }, "https://api.invalid", false],
])("with %o the socket and the files of %s go the same way, through the proxy: %s", async (variables, address, isProxied) => {
  const proxy = await aProxy();
  environment(Object.fromEntries(Object.entries(variables).map(([name, value]) => [name, value === "it" ? proxy.url : value])));
  const network = open();
  expect(network.socketAgent(new URL(address.replace("http", "ws")), NEVER) !== undefined).toBe(isProxied);
  await expect(network.request(address, {})).rejects.toThrow(isProxied ? "Proxy response (502)" : "getaddrinfo");
  expect(proxy.asked.length > 0).toBe(isProxied);
});

test("a proxy of the settings is taken before one of the environment, but not for this machine's own addresses", async () => {
  const proxy = await aProxy();
  environment({ HTTPS_PROXY: "http://other.invalid:3128", NO_PROXY: "api.invalid" });
  const network = open(proxy.url);
  await expect(network.request("https://api.invalid/x", {})).rejects.toThrow("Proxy response (502)");
  expect(proxy.asked).toEqual(["api.invalid:443"]);
  expect(network.socketAgent(new URL("ws://127.0.0.1:8787"), NEVER)).toBeUndefined();
});

test.each([
  ["HTTPS_PROXY", "http://proxy:99999"],
  ["HTTPS_PROXY", "proxy:3128"],
  ["ALL_PROXY", "socks5://secret@proxy:1080"],
])("a %s that is no address of an HTTP proxy is refused by its name, without its value", (name, value) => {
  environment({ [name]: value });
  expect(() => open()).toThrow(`env ${name} is no address of an HTTP proxy, as in http://proxy.example.com:3128`);
});
