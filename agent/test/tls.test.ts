import { writeFile } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { createServer } from "node:tls";
import { generate } from "selfsigned";
import { expect, onTestFinished, test } from "vitest";
import { anOffer } from "./builders.ts";
import { KEY } from "./fake-edge.ts";
import { startedEdge, temporaryFolder } from "./run-in-process.ts";
import { startWithTestEngine } from "./run-process.ts";

/** An edge behind TLS, with a certificate of an authority that nobody knows. */
async function anEdgeBehindTls() {
  const edge = await startedEdge();
  const now = Date.now();
  const { private: key, cert } = await generate([{ name: "commonName", value: "localhost" }], {
    keyType: "ec",
    notBeforeDate: new Date(now - 60_000),
    notAfterDate: new Date(now + 3_600_000),
    extensions: [
      { name: "basicConstraints", cA: true, critical: true },
      { name: "subjectAltName", altNames: [{ type: 2, value: "localhost" }] },
    ],
  });
  const sockets = new Set<Socket>();
  const server = createServer({ key, cert }, (near) => {
    const far = connect(Number(new URL(edge.url).port), "127.0.0.1");
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on("error", () => {});
    }
    near.pipe(far).pipe(near);
  });
  await new Promise<void>((resolve) => server.listen(0, "localhost", resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const folder = await temporaryFolder();
  const authority = join(folder, "authority.pem");
  await writeFile(authority, cert);
  return { edge, url: `https://localhost:${(server.address() as AddressInfo).port}`, authority, stateFolder: join(folder, "state") };
}

test("socket and files go to an edge whose authority the owner names", async () => {
  const { edge, url, authority, stateFolder } = await anEdgeBehindTls();
  startWithTestEngine(["--edge", url, "--key", KEY, "--state", stateFolder, "--ca-file", authority]);
  const { line } = await edge.nextAgent();
  line.send(anOffer(url, "a1", { prompt: "cat" }));
  expect(await line.next("completed")).toMatchObject({ attemptId: "a1" });
});

test("an edge whose authority nobody knows gets neither the key nor a hello", async () => {
  const { edge, url, stateFolder } = await anEdgeBehindTls();
  const agent = startWithTestEngine(["--edge", url, "--key", KEY, "--state", stateFolder]);
  expect(await agent.event("line-lost")).toMatchObject({ message: expect.stringMatching(/self-signed certificate/i) });
  expect(edge.upgrades).toBe(0);
});
