import { SELF } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { DEFAULTS } from "@star-graph/shared/defaults";
import type { OfferMessage } from "@star-graph/shared/agent-protocol";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  aUser,
  anAgentKey,
  call,
  cancelAll,
  detailOf,
  ORIGIN,
  SCENE_CAPABILITIES,
  submit,
  type TestUser,
  untilAgents,
  untilStatus,
} from "./system-of-one.ts";
import { pictureOf, put, TestAgent } from "./test-agent.ts";

/** What the default task orders. */
const FILE = pictureOf(1024, 1024);

let user: TestUser;
let agent: TestAgent;

beforeAll(async () => {
  user = await aUser();
  agent = await TestAgent.ready(await anAgentKey(user.id), { capabilities: { ...SCENE_CAPABILITIES, slots: 8 } });
});

afterAll(async () => {
  await cancelAll();
  agent.leave();
  await untilAgents(0);
});

async function aRunningTask(): Promise<{ taskId: string; offer: OfferMessage }> {
  agent.send({ type: "ready", freeSlots: 8 });
  const { taskId } = await submit(user);
  const offer = await agent.acceptOffer();
  await untilStatus(user, taskId, "PROCESSING");
  return { taskId, offer };
}

const sha256Of = async (bytes: Uint8Array) => new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
const storedKeys = async () => (await env.FILES.list()).objects.map(({ key }) => key);

describe("an upload", () => {
  let offer: OfferMessage;
  let taskId: string;
  let sha256: Uint8Array;

  beforeAll(async () => {
    ({ offer, taskId } = await aRunningTask());
    sha256 = await sha256Of(FILE);
  });

  const target = () => new URL(`${offer.upload.url}/0`).pathname;
  const digestOf = (hash: Uint8Array) => `sha-256=:${Buffer.from(hash).toString("base64")}:`;

  test("without a grant that is this attempt's is 401", async () => {
    const other = await aRunningTask();
    const [head, , signature] = offer.upload.grant.split(".");
    const body = Buffer.from(JSON.stringify({ use: "upload", attemptId: offer.attemptId, pool: "public", exp: 9e9 })).toString("base64url");
    const grants = [other.offer.upload.grant, user.token, "nonsense", "", `${head}.${body}.${signature}`];
    for (const grant of grants) {
      const answer = await put(`${offer.upload.url}/0`, grant, FILE, sha256);
      expect(answer, `grant ${grant}`).toMatchObject({ status: 401, body: { code: 401 } });
    }
    expect(await storedKeys()).toEqual([]);
  });

  test("of an attempt whose task was cancelled is 403", async () => {
    const { taskId: cancelled, offer: fenced } = await aRunningTask();
    await call("DELETE", `/api/v1/tasks/${cancelled}`, { token: user.token });
    expect(await put(`${fenced.upload.url}/0`, fenced.upload.grant, FILE, sha256)).toMatchObject({ status: 403, body: { code: 403 } });
    agent.send({ type: "stopped", attemptId: fenced.attemptId });
    expect(await storedKeys()).toEqual([]);
  });

  test("is refused when its digest is missing, malformed or another file's", async () => {
    const refused = ["sha-256=:AAAA:", "", "md5=:AAAA:", digestOf(await sha256Of(new Uint8Array(3)))];
    for (const digest of refused) {
      const answer = await put(`${offer.upload.url}/0`, offer.upload.grant, FILE, sha256, { "Content-Digest": digest });
      expect(answer, `digest ${digest}`).toMatchObject({ status: 400, body: { code: 400 } });
    }
    expect(await storedKeys()).toEqual([]);
  });

  test("is refused when it is shorter or longer than its Content-Length, or says none", async () => {
    for (const length of ["60", "80", "0", "-1", "many", null]) {
      const headers = { Authorization: `Bearer ${offer.upload.grant}`, "Content-Digest": digestOf(sha256) };
      const answer = await SELF.fetch(`${ORIGIN}${target()}`, {
        method: "PUT",
        headers: { ...headers, ...(length !== null && { "Content-Length": length }) },
        body: new ReadableStream({
          start(controller) {
            controller.enqueue(FILE);
            controller.close();
          },
        }),
      });
      expect([length, answer.status, await answer.json()]).toMatchObject([length, 400, { code: 400 }]);
    }
    expect(await storedKeys()).toEqual([]);
  });

  test("of what is no picture is E004, whatever its name says", async () => {
    const texts = ["<svg xmlns='http://www.w3.org/2000/svg' width='1' height='1'/>", "GIF89a", "hello", "\x89PNG\r\n\x1a\n", "%PDF-1.7"];
    for (const text of texts) {
      const bytes = new Uint8Array(Buffer.from(text, "latin1"));
      const answer = await put(`${offer.upload.url}/0`, offer.upload.grant, bytes, await sha256Of(bytes));
      expect(answer, `file ${text}`).toMatchObject({ status: 415, body: { code: "E004" } });
    }
    expect(await storedKeys()).toEqual([]);
  });

  test("larger than is allowed is E005, without being read", async () => {
    for (const [path, limit] of [
      [target(), DEFAULTS.maxResultBytes],
      [`${target()}/thumbnail`, DEFAULTS.maxThumbnailBytes],
    ] as const) {
      const answer = await SELF.fetch(`${ORIGIN}${path}`, {
        method: "PUT",
        headers: { Authorization: `Bearer ${offer.upload.grant}`, "Content-Digest": digestOf(sha256), "Content-Length": String(limit + 1) },
        body: new Blob([FILE]).stream(),
      });
      expect([answer.status, await answer.json()]).toMatchObject([413, { code: "E005" }]);
    }
  });

  test("to an index that there is not is 400", async () => {
    for (const index of ["64", "-1", "0.5", "x"]) {
      const answer = await put(`${offer.upload.url}/${index}`, offer.upload.grant, FILE, sha256);
      expect(answer, `index ${index}`).toMatchObject({ status: 400, body: { data: { issues: [{ path: "index" }] } } });
    }
  });

  test("may be repeated, and completes the task only with every file and its own checksum", async () => {
    for (let repeat = 1; repeat <= 2; repeat++) {
      expect(await put(`${offer.upload.url}/0`, offer.upload.grant, FILE, sha256)).toMatchObject({
        status: 200,
        body: { code: 200, data: { attemptId: offer.attemptId, size: FILE.length } },
      });
    }
    expect(await storedKeys()).toEqual([expect.stringMatching(/^results\/[0-9a-f]{32}\/0\.png$/)]);
    await agent.upload(offer);
    agent.complete(offer, Buffer.from(sha256).toString("hex"));
    expect(await agent.next("ack")).toMatchObject({ attemptId: offer.attemptId, outcome: "recorded" });
    await untilStatus(user, taskId, "COMPLETED");
  });

  test("after the end is 403 and changes nothing", async () => {
    const before = await storedKeys();
    const answer = await put(`${offer.upload.url}/1`, offer.upload.grant, FILE, sha256);
    expect(answer.status).toBe(403);
    expect(await storedKeys()).toEqual(before);
  });

  test("that does not match what its agent reports, or never came, is no result: the attempt has failed", async () => {
    const { taskId: mismatched, offer: first } = await aRunningTask();
    await agent.upload(first);
    agent.complete(first, "0".repeat(64));
    expect(await agent.next("ack")).toMatchObject({ attemptId: first.attemptId, outcome: "refused" });
    for (let attempt = 2; attempt <= DEFAULTS.maxAttempts; attempt++) {
      agent.send({ type: "ready", freeSlots: 8 });
      const { attemptId } = await agent.acceptOffer();
      const file = { index: 0, sha256: Buffer.from(sha256).toString("hex") };
      agent.send({ type: "completed", attemptId, files: [file], servedBy: { engine: "test", model: "test-model" }, notes: [] });
      expect(await agent.next("ack")).toMatchObject({ attemptId, outcome: "refused" });
    }
    await untilStatus(user, mismatched, "FAILED");
    expect(await detailOf(user, mismatched)).toMatchObject({ results: [], error: { code: 500 } });
  });
});

describe("a result file", () => {
  let path: string;
  let etag: string;
  const size = FILE.length;

  beforeAll(async () => {
    const { taskId, offer } = await aRunningTask();
    const { sha256 } = await agent.upload(offer);
    agent.complete(offer, sha256);
    await untilStatus(user, taskId, "COMPLETED");
    const [file] = (await detailOf(user, taskId))["results"] as { url: string }[];
    path = new URL(file!.url).pathname;
    etag = (await call("GET", path)).headers.get("ETag")!;
  });

  const get = (headers: Record<string, string> = {}, method = "GET") => call(method, path, { headers });

  test("is the picture, byte for byte, for anybody who has its address", async () => {
    const answer = await get();
    expect(answer.status).toBe(200);
    expect(answer.bytes).toEqual(FILE);
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      "content-type": "image/png",
      "content-length": String(size),
      "content-disposition": 'inline; filename="0.png"',
      "accept-ranges": "bytes",
      "cache-control": "public, max-age=86400",
      "x-content-type-options": "nosniff",
      "access-control-allow-origin": "*",
      etag: expect.stringMatching(/^"[^"]+"$/),
    });
  });

  test("is described by HEAD without its bytes", async () => {
    const answer = await get({}, "HEAD");
    expect([answer.status, answer.bytes.length, answer.headers.get("ETag")]).toEqual([200, 0, etag]);
  });

  test("is not sent again to who has it", async () => {
    for (const known of [etag, `W/${etag}`, `"another", ${etag}`, "*"]) {
      const answer = await get({ "If-None-Match": known });
      expect([known, answer.status, answer.bytes.length, answer.headers.get("ETag")]).toEqual([known, 304, 0, etag]);
    }
    expect((await get({ "If-None-Match": '"another"' })).status).toBe(200);
    expect((await get({ "If-Match": '"another"' })).status).toBe(412);
    expect((await get({ "If-Match": etag })).status).toBe(200);
  });

  test.each([
    ["bytes=0-7", 0, 8],
    ["bytes=10-", 10, size],
    ["bytes=-8", size - 8, size],
    [`bytes=0-${size + 100}`, 0, size],
    [`bytes=-${size + 100}`, 0, size],
    [`bytes=${size - 1}-${size - 1}`, size - 1, size],
  ])("answers %s with exactly those bytes", async (range, from, to) => {
    const answer = await get({ Range: range });
    expect([answer.status, answer.headers.get("Content-Range")]).toEqual([206, `bytes ${from}-${to - 1}/${size}`]);
    expect(answer.headers.get("Content-Length")).toBe(String(to - from));
    expect(answer.bytes).toEqual(FILE.slice(from, to));
  });

  test.each([`bytes=${size}-`, `bytes=${size + 10}-${size + 20}`, "bytes=-0"])(
    "answers %s with 416, as nothing is there",
    async (range) => {
      const answer = await get({ Range: range });
      expect([answer.status, answer.headers.get("Content-Range"), answer.bytes.length]).toEqual([416, `bytes */${size}`, 0]);
    },
  );

  test.each(["bytes=abc", "pages=1-2", "bytes=5-1", "bytes=0-1,4-5", "bytes=", ""])(
    "answers the range '%s', which it does not know, with the whole",
    async (range) => {
      const answer = await get({ Range: range });
      expect([answer.status, answer.headers.get("Content-Range")]).toEqual([200, null]);
      expect(answer.bytes).toEqual(FILE);
    },
  );

  test("goes on from where it broke off only while it is the same file", async () => {
    expect((await get({ Range: "bytes=10-", "If-Range": etag })).status).toBe(206);
    const changed = await get({ Range: "bytes=10-", "If-Range": '"another"' });
    expect([changed.status, changed.bytes.length]).toEqual([200, size]);
  });

  test("that is not there is 404 in the envelope, wherever one looks", async () => {
    const folder = path.split("/").at(-2)!;
    const paths = [
      `/files/results/${folder}/1.png`,
      `/files/results/${folder}`,
      `/files/results/${folder}/`,
      "/files/results/",
      "/files/",
      `/files/results/${folder}%2F0.png/x`,
      "/files/results/..%2f..%2fsecret/0.png",
      `/files/${folder}/0.png`,
      "/files/results/%00/%00",
      "/files/results/%E0%A4%A/0.png",
    ];
    for (const missing of paths) expect(await call("GET", missing), `GET ${missing}`).toMatchObject({ status: 404, body: { code: 404 } });
    expect(await call("DELETE", path)).toMatchObject({ status: 404, body: { code: 404 } });
    expect((await get()).status).toBe(200);
  });
});
