import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import { HttpsProxyAgent } from "https-proxy-agent";
import { expect, onTestFinished, test } from "vitest";
import { Connection } from "../src/connection.ts";
import { tryLine } from "../src/doctor/try-line.ts";
import { type Network, openNetwork } from "../src/network.ts";
import { aLog } from "./builders.ts";

/** A proxy that takes every call and says nothing, as one behind a router that was restarted. */
async function aSilentProxy() {
  const calls: Socket[] = [];
  const server = createServer((socket) => calls.push(socket.on("error", () => {}).resume()));
  await once(server.listen(0, "127.0.0.1"), "listening");
  onTestFinished(() => {
    for (const call of calls) call.destroy();
    server.close();
  });
  const { port } = server.address() as { port: number };
  const address = `http://127.0.0.1:${port}`;
  const network: Pick<Network, "socketAgent" | "authorities"> = {
    socketAgent: (_url, signal) => new HttpsProxyAgent(address, { signal }),
    authorities: undefined,
  };
  const hungUp = async () => {
    for (const call of calls) if (!call.closed) await once(call, "close");
  };
  return { address, network, calls, hungUp };
}

test("a proxy that takes the call and never answers is given up, and its line with it", async () => {
  const { network, calls, hungUp } = await aSilentProxy();
  const connection = new Connection({
    url: new URL("wss://edge.invalid/agent/v1/socket"),
    key: "k",
    agentId: "agent-0001",
    network,
    welcomeMs: 50,
    log: aLog(),
    signal: new AbortController().signal,
    hello: () => ({
      type: "hello",
      protocol: 1,
      agent: { id: "agent-0001", name: "box", version: "0" },
      capabilities: { slots: 1, models: [] },
      running: [],
      finished: [],
    }),
    onWelcome: () => {},
    onMessage: () => {},
  });
  expect(await connection.ended).toEqual({ kind: "lost", reason: "an answer to the upgrade did not come", retryAfterMs: 0 });
  await hungUp();
  expect(calls).toHaveLength(1);
});

test("doctor does not wait for it either", async () => {
  const { network, hungUp } = await aSilentProxy();
  const answer = await tryLine(new URL("https://edge.invalid"), "k", network, 50);
  expect(answer).toEqual({ kind: "lost", reason: "an answer to the upgrade did not come" });
  await hungUp();
});

test("a request fails soon that it does not put through", async () => {
  const { address, hungUp } = await aSilentProxy();
  const { request, close } = openNetwork({ edge: null, proxy: new URL(address), extraAuthorities: null }, 1);
  await expect(request("https://edge.invalid/", {})).rejects.toThrow("Headers Timeout Error");
  await close();
  await hungUp();
});
