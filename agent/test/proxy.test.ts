import { createServer } from "node:http";
import { connect, type Socket } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { anOffer } from "./builders.ts";
import { KEY } from "./fake-edge.ts";
import { startedEdge, temporaryFolder } from "./run-in-process.ts";
import { startWithTestEngine } from "./run-process.ts";

/** A proxy that knows every host, as one of this machine: the agent alone could not find it. */
async function startProxy(): Promise<{ url: string; tunnels: string[] }> {
  const tunnels: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((_, response) => response.writeHead(405).end());
  server.on("connect", (request, near: Socket) => {
    tunnels.push(request.url ?? "");
    const far = connect(Number(request.url?.split(":").at(-1)), "127.0.0.1", () => near.write("HTTP/1.1 200 OK\r\n\r\n"));
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on("error", () => {});
    }
    near.pipe(far).pipe(near);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as { port: number }).port}`, tunnels };
}

test("socket and files go through the proxy of the environment", async () => {
  const edge = await startedEdge();
  const proxy = await startProxy();
  const host = `edge.invalid:${new URL(edge.url).port}`;
  const args = ["--edge", `http://${host}`, "--key", KEY, "--state", await temporaryFolder()];
  startWithTestEngine(args, { env: { HTTP_PROXY: proxy.url, HTTPS_PROXY: proxy.url, NO_PROXY: "", no_proxy: "" } });
  const { line } = await edge.nextAgent();
  expect(proxy.tunnels).toEqual([host]);
  line.send(anOffer(`http://${host}`, "a1", { prompt: "cat" }));
  await line.next("completed");
  expect(new Set(proxy.tunnels)).toEqual(new Set([host]));
  expect(proxy.tunnels.length).toBeGreaterThan(1);
});

test("this machine's own addresses are reached without one", async () => {
  const edge = await startedEdge();
  const proxy = await startProxy();
  const args = ["--edge", edge.url, "--key", KEY, "--state", await temporaryFolder()];
  startWithTestEngine(args, { env: { HTTP_PROXY: proxy.url, HTTPS_PROXY: proxy.url, NO_PROXY: "", no_proxy: "" } });
  const { line } = await edge.nextAgent();
  line.send(anOffer(edge.url, "a1", { prompt: "cat" }));
  await line.next("completed");
  expect(proxy.tunnels).toEqual([]);
});
