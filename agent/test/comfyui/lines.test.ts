import { expect, test } from "vitest";
import { startCanned } from "./canned-server.ts";
import { runTask, startEngine, startReplay, until, withModels } from "./start-engine.ts";
import { aTask } from "./tasks.ts";

test("after a line that broke in a job, the next job has a line of its own, under a name that was never another's", async () => {
  const server = await startReplay();
  const { engine } = startEngine(server.url, {}, { goneMs: 60_000 });
  await withModels(engine);
  const first = await runTask(engine, aTask.textToImage());
  const { job, body } = await server.nextJob();
  await server.stop();
  await server.listen();
  // Under its old name, to which the server sends what it has to say of the open job.
  await until(() => server.openNames.length === 2);
  expect(server.openNames).toEqual([body.client_id, body.client_id]);
  // The server drops that name when it notices that the older of its two sockets is gone: whoever came under it would hear nothing.
  await runTask(engine, aTask.textToImage({ seed: 2 }));
  const { body: second } = await server.nextJob();
  await until(() => server.openNames.length === 3);
  expect(server.openNames.filter((name) => name === second.client_id)).toHaveLength(1);
  // The old line is kept for its job, and for no longer.
  expect(server.lineNames).toEqual([body.client_id, second.client_id]);
  job.endWell();
  await first.result;
  await until(() => server.lineNames.length === 1);
  expect(server.lineNames).toEqual([second.client_id]);
});

test("where HTTP answers and the WebSocket does not, health says so, and the log once", async () => {
  const server = await startCanned(({ path }) =>
    path.startsWith("/ws") ? { status: 401 } : { status: 200, body: path === "/system_stats" ? { devices: [] } : {} },
  );
  const { engine, log } = startEngine(server.url);
  const reason = `ComfyUI at ${server.url} answers, but its WebSocket does not: Unexpected server response: 401`;
  expect(await engine.health()).toEqual({ isReady: false, reason });
  await until(() => server.requests.filter((request) => request.startsWith("GET /ws")).length > 3);
  expect(log.events).toEqual([
    `engine-silent: ComfyUI at ${server.url} cannot be reached, and is tried again: Unexpected server response: 401`,
  ]);
});

test("name and password in the address go along with every request and the line, and are shown to nobody", async () => {
  const seen = new Set<string>();
  const server = await startCanned(({ path, headers }) => {
    seen.add(`${path.split(/[/?]/)[1]} ${headers.authorization} ${path.includes("token=secret2")}`);
    return { status: 404 };
  });
  const url = `${server.url.replace("//", "//owner:secret1@")}/?token=secret2`;
  const { engine, log } = startEngine(url);
  const health = await engine.health();
  await until(() => log.events.length > 0);
  const basic = `Basic ${Buffer.from("owner:secret1").toString("base64")}`;
  expect([...seen].toSorted()).toEqual([`system_stats ${basic} true`, `ws ${basic} true`]);
  expect(JSON.stringify([health, log.events])).not.toMatch(/secret|owner/);
});
