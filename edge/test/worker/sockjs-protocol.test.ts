import { expect, test } from "vitest";
import { Held, newSessionId, request } from "./sockjs-http.ts";

test("a session over polling is echoed its beats, refuses a second receiver, and ends when it is cut", async () => {
  const id = newSessionId();
  const first = await request("POST", `/000/${id}/xhr`);
  expect([first.status, await first.text()]).toEqual([200, "o\n"]);
  const sent = await request("POST", `/000/${id}/xhr_send`, { body: '["\\n"]' });
  expect([sent.status, await sent.text()]).toEqual([204, ""]);
  const second = await request("POST", `/000/${id}/xhr`);
  expect(await second.text()).toBe('a["\\n"]\n');
  const held = await Held.open("POST", `/000/${id}/xhr`);
  const refused = await request("POST", `/000/${id}/xhr`);
  expect(await refused.text()).toBe('c[2010,"Another connection still open"]\n');
  await held.abort();
  await expect.poll(async () => (await request("POST", `/000/${id}/xhr`)).text()).toBe('c[1002,"Connection interrupted"]\n');
});

test("a session over a stream is echoed its beats, and ends when it is cut", async () => {
  const id = newSessionId();
  const held = await Held.open("POST", `/000/${id}/xhr_streaming`);
  await held.expect(`${"h".repeat(2048)}\no\n`);
  for (let i = 0; i < 3; i += 1) {
    await request("POST", `/000/${id}/xhr_send`, { body: '["\\n"]' });
    await held.expect('a["\\n"]\n');
  }
  await held.abort();
  await expect.poll(async () => (await request("POST", `/000/${id}/xhr`)).text()).toBe('c[1002,"Connection interrupted"]\n');
});
