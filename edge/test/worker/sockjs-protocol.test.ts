import { env } from "cloudflare:workers";
import { describe, expect, test, vi } from "vitest";
import { answerSockJs } from "../../src/sockjs/answer-request.ts";
import { Held, newSessionId, objectOf, pass, request, SockJsSocket } from "./sockjs-http.ts";
import { frame, openWs } from "./stomp-socket.ts";
import { aUser, ORIGIN } from "./system-of-one.ts";

/**
 * The sections of the SockJS protocol 0.3.3, each with what its own test suite asks. That suite talks to an echo service; what is
 * echoed here is a beat: STOMP's single line feed comes back as it is. docs/realtime.md has the table.
 */

const BEAT = '["\\n"]';
const ECHO = 'a["\\n"]';
const PRIVATE = "no-store, no-cache, no-transform, must-revalidate, max-age=0";
const REFUSED = 'c[2010,"Another connection still open"]';

const aUrl = () => `/000/${newSessionId()}`;
const textOf = async (answer: Promise<Response>) => (await answer).text();
const send = (url: string, body: BodyInit, headers: Record<string, string> = {}) => request("POST", `${url}/xhr_send`, { body, headers });

function expectPrivate({ headers }: Response): void {
  expect([headers.get("Cache-Control"), headers.get("Expires"), headers.get("Last-Modified")]).toEqual([PRIVATE, null, null]);
  expect(headers.get("Set-Cookie")).toBeNull();
}

function expectPublic({ headers }: Response): void {
  expect(headers.get("Cache-Control")).toMatch(/^public, max-age=[1-9][0-9]{6,}$/);
  expect(Date.parse(headers.get("Expires") ?? "")).toBeGreaterThan(Date.now());
}

/** What preflights from nowhere, from another origin and from a sandbox are answered. */
function preflightsOf(path: string) {
  return Promise.all(
    [null, "http://test", "null"].map(async (origin) => {
      const headers = { ...(origin !== null && { Origin: origin }), "Access-Control-Request-Headers": "content-type" };
      const answer = await request("OPTIONS", path, { headers });
      expectPublic(answer);
      expect(Number(answer.headers.get("Access-Control-Max-Age"))).toBeGreaterThan(1_000_000);
      const [allowed, ...cors] = ["Methods", "Headers", "Origin"].map((name) => answer.headers.get(`Access-Control-Allow-${name}`));
      return { status: answer.status, body: await answer.text(), allowed, cors };
    }),
  );
}

const leaveFor = (allowed: string) =>
  ["*", "http://test", "null"].map((origin) => ({ status: 204, body: "", allowed, cors: ["content-type", origin] }));

describe("BaseUrlGreeting", () => {
  test.each(["", "/"])("greets at %j", async (path) => {
    const answer = await request("GET", path);
    expect([answer.status, await answer.text()]).toEqual([200, "Welcome to SockJS!\n"]);
    expect(answer.headers.get("Content-Type")).toBe("text/plain; charset=UTF-8");
    expect(answer.headers.get("Set-Cookie")).toBeNull();
  });

  test.each(["/a", "/a.html", "//", "///", "/a/a", "/a/a/", "/a/"])("finds nothing at %j", async (path) => {
    expect((await request("GET", path)).status).toBe(404);
  });

  test("adds nothing that other answers carry", async () => {
    const { headers } = await request("GET", "");
    for (const name of ["X-Request-ID", "X-Frame-Options", "Content-Security-Policy"]) expect(headers.get(name)).toBeNull();
  });
});

describe("IframePage", () => {
  const PAGE =
    /^<!DOCTYPE html>\n<html>\n<head>\n {2}<meta http-equiv="X-UA-Compatible" content="IE=edge" \/>\n {2}<meta http-equiv="Content-Type" content="text\/html; charset=UTF-8" \/>\n {2}<script>\n {4}document\.domain = document\.domain;\n {4}_sockjs_onload = function\(\)\{SockJS\.bootstrap_iframe\(\);\};\n {2}<\/script>\n {2}<script src="(?<client>[^"]*)"><\/script>\n<\/head>\n<body>\n {2}<h2>Don't panic!<\/h2>\n {2}<p>This is a SockJS hidden iframe\. It's used for cross domain magic\.<\/p>\n<\/body>\n<\/html>$/;

  test.each([
    "/iframe.html",
    "/iframe-a.html",
    "/iframe-.html",
    "/iframe-0.1.2.html",
    "/iframe-0.1.2abc-dirty.2144.html",
    "/iframe-a.html?t=1234",
    "/iframe-0.1.2abc-dirty.2144.html?t=qweqweq123",
  ])("is served at %s, to be kept for a year", async (path) => {
    const answer = await request("GET", path);
    expect([answer.status, answer.headers.get("Content-Type")]).toEqual([200, "text/html; charset=UTF-8"]);
    expectPublic(answer);
    expect([answer.headers.get("ETag"), answer.headers.get("Last-Modified")]).toEqual([expect.stringMatching(/^".+"$/), null]);
    expect((await answer.text()).trim()).toMatch(PAGE);
  });

  test.each(["/iframe.htm", "/iframe", "/IFRAME.HTML", "/IFRAME", "/iframe.HTML", "/iframe.xml", "/iframe-/.html"])(
    "is not at %s",
    async (path) => {
      expect((await request("GET", path)).status).toBe(404);
    },
  );

  test("is confirmed to who has it", async () => {
    const etag = (await request("GET", "/iframe.html")).headers.get("ETag") ?? "";
    for (const known of [etag, `W/${etag}`, `"other", ${etag}`]) {
      const again = await request("GET", "/iframe.html", { headers: { "If-None-Match": known } });
      expect([again.status, again.headers.get("Content-Type"), await again.text()]).toEqual([304, null, ""]);
    }
    expect((await request("GET", "/iframe.html", { headers: { "If-None-Match": '"other"' } })).status).toBe(200);
  });

  test("loads the client from here, with its licence in it", async () => {
    const page = await textOf(request("GET", "/iframe.html"));
    const client = await request("GET", (PAGE.exec(page.trim())?.groups?.["client"] ?? "").replace("/ws", ""));
    expect([client.status, client.headers.get("Content-Type")]).toEqual([200, "application/javascript; charset=UTF-8"]);
    expectPublic(client);
    expect(await client.text()).toMatch(/^\/\* sockjs-client v1\.6\.1 \| http:\/\/sockjs\.org \| MIT license \*\//);
  });
});

describe("InfoTest", () => {
  test("tells what there is, and something random", async () => {
    const numbers: number[] = [];
    for (const path of ["/info", "/info?t=1"]) {
      const answer = await request("GET", path);
      expect([answer.status, answer.headers.get("Content-Type")]).toEqual([200, "application/json; charset=UTF-8"]);
      expectPrivate(answer);
      const { entropy, ...info }: { entropy: number } = await answer.json();
      expect(info).toEqual({ websocket: true, cookie_needed: false, origins: ["*:*"] });
      expect(entropy).toBe(entropy >>> 0);
      numbers.push(entropy);
    }
    expect(numbers[0]).not.toBe(numbers[1]);
  });

  test("answers preflights, and each origin by its name", async () => {
    expect(await preflightsOf("/info")).toEqual(leaveFor("OPTIONS, GET"));
    for (const origin of ["http://test", "null"]) {
      const { headers } = await request("GET", "/info", { headers: { Origin: origin } });
      expect([headers.get("Access-Control-Allow-Origin"), headers.get("Access-Control-Allow-Credentials"), headers.get("Vary")]).toEqual([
        origin,
        "true",
        "Origin",
      ]);
    }
    const { headers } = await request("GET", "/info");
    expect([headers.get("Access-Control-Allow-Origin"), headers.get("Access-Control-Allow-Credentials")]).toEqual(["*", null]);
  });
});

describe("SessionURLs", () => {
  test("takes any server and session", async () => {
    for (const server of ["a", "_", "1", "abcdefgh_i-j%20"]) {
      expect(await textOf(request("POST", `/${server}/${newSessionId()}%20_/xhr`))).toBe("o\n");
    }
  });

  test.each(["//", "/a./a", "/a/a.", "/./.", "/", "///"])("finds no session at %j", async (path) => {
    for (const method of ["GET", "POST"]) expect((await request(method, `${path}/xhr`)).status).toBe(404);
  });

  test("finds a session whatever server is named", async () => {
    const id = newSessionId();
    expect(await textOf(request("POST", `/000/${id}/xhr`))).toBe("o\n");
    expect((await send(`/000/${id}`, BEAT)).status).toBe(204);
    expect(await textOf(request("POST", `/999/${id}/xhr`))).toBe(`${ECHO}\n`);
  });
});

describe("Protocol", () => {
  test("opens, takes messages and gives them, and knows no other session", async () => {
    const url = aUrl();
    expect(await textOf(request("POST", `${url}/xhr`))).toBe("o\n");
    expect((await send(url, BEAT)).status).toBe(204);
    expect(await textOf(request("POST", `${url}/xhr`))).toBe(`${ECHO}\n`);
    expect((await send("/000/bad_session", BEAT)).status).toBe(404);
  });

  test("goes on saying that it has ended, for five seconds", async () => {
    const id = newSessionId();
    const url = `/000/${id}`;
    expect(await textOf(request("POST", `${url}/xhr`))).toBe("o\n");
    await send(url, JSON.stringify([frame("CONNECT")]));
    expect(await textOf(request("POST", `${url}/xhr`))).toMatch(/^a\["ERROR\\n/);
    for (let poll = 0; poll < 3; poll += 1) expect(await textOf(request("POST", `${url}/xhr`))).toMatch(/^c\[1008,"Not authenticated/);
    await pass(id, 5000);
    expect(await textOf(request("POST", `${url}/xhr`))).toBe("o\n");
  });

  test("says 3000 when nothing was wrong", async () => {
    const url = aUrl();
    expect(await textOf(request("POST", `${url}/xhr`))).toBe("o\n");
    const { token } = await aUser();
    await send(url, JSON.stringify([frame("CONNECT", { Authorization: `Bearer ${token}` }), frame("DISCONNECT")]));
    expect(await textOf(request("POST", `${url}/xhr`))).toMatch(/^a\["CONNECTED\\n/);
    expect(await textOf(request("POST", `${url}/xhr`))).toBe('c[3000,"Go away!"]\n');
  });

  test("beats after 25 seconds of silence, and ends five seconds after the last request", async () => {
    const id = newSessionId();
    const url = `/000/${id}`;
    expect(await textOf(request("POST", `${url}/xhr`))).toBe("o\n");
    await send(url, JSON.stringify([frame("CONNECT", { Authorization: `Bearer ${(await aUser()).token}` })]));
    expect(await textOf(request("POST", `${url}/xhr`))).toMatch(/^a\["CONNECTED/);
    const poll = await Held.open("POST", `${url}/xhr`);
    await pass(id, 25_000);
    expect(await poll.rest()).toBe("h\n");
    await pass(id, 4000);
    const stream = await Held.open("GET", `${url}/eventsource`);
    await pass(id, 25_000);
    await stream.expect("\r\ndata: h\r\n\r\n");
    await pass(id, 50_000);
    await stream.expect("data: h\r\n\r\n");
    await stream.abort();
    await expect.poll(() => textOf(request("POST", `${url}/xhr`))).toMatch(/^c\[1002/);

    const quiet = newSessionId();
    expect(await textOf(request("POST", `/000/${quiet}/xhr`))).toBe("o\n");
    await pass(quiet, 5000);
    expect((await send(`/000/${quiet}`, BEAT)).status).toBe(404);
  });
});

describe("WebsocketHttpErrors", () => {
  test.each(["/0/0/websocket", "/websocket"])("refuses at %s what is no upgrade", async (path) => {
    const answer = await request("GET", path);
    expect([answer.status, await answer.text()]).toEqual([400, 'Can "Upgrade" only to "WebSocket".']);
  });

  test.each([{ Upgrade: "WebSocket", Connection: "Upgrade" }, {}])("takes only GET, with the headers %j", async (headers) => {
    // Asked directly: the way here makes a GET of every upgrade.
    const asked = new Request(`${ORIGIN}/ws/0/0/websocket`, { method: "POST", headers });
    const answer = await answerSockJs(asked, env.SOCK_SESSION);
    expect([answer.status, answer.headers.get("Allow"), answer.headers.get("Content-Type"), await answer.text()]).toEqual([
      405,
      "GET",
      null,
      "",
    ]);
  });
});

describe("WebsocketHybi10", () => {
  test("opens, ignores what is empty, echoes, and closes", async () => {
    const socket = await SockJsSocket.open();
    expect(await socket.next()).toBe("o");
    for (const message of ["", "[]", BEAT]) socket.ws.send(message);
    expect(await socket.next()).toBe(ECHO);
    // Not the very beat that the platform echoes: this one wakes the object.
    socket.ws.send('["\\n","\\n"]');
    expect(await socket.next()).toBe(ECHO);
    socket.ws.close(1000);
    expect(await socket.closed).toMatchObject({ code: 1000 });
  });

  test("takes one message that is no array, and bytes for texts", async () => {
    const socket = await SockJsSocket.open();
    expect(await socket.next()).toBe("o");
    socket.ws.send('"\\n"');
    expect(await socket.next()).toBe(ECHO);
    socket.ws.send(new TextEncoder().encode(BEAT));
    expect(await socket.next()).toBe(ECHO);
    socket.ws.close(1000);
  });

  test("says why it ends, in a frame and then by closing", async () => {
    const socket = await SockJsSocket.open();
    socket.ws.send(JSON.stringify([frame("CONNECT")]));
    expect([await socket.next(), await socket.next(), await socket.next()]).toEqual([
      "o",
      expect.stringMatching(/^a\["ERROR\\n/),
      expect.stringMatching(/^c\[1008,"Not authenticated/),
    ]);
    expect(await socket.closed).toMatchObject({ code: 1000 });
  });

  test.each(['["a', "[1]", "{}", "null", "\u0000"])("breaks off at %j", async (broken) => {
    const socket = await SockJsSocket.open();
    expect(await socket.next()).toBe("o");
    socket.ws.send(broken);
    expect(await socket.closed).toMatchObject({ code: 1002 });
  });

  test.each(["", "/000/large"])("takes no message of more than a mebibyte, at %j", async (url) => {
    const socket = await SockJsSocket.open(url);
    socket.ws.send("\n".repeat(1024 * 1024 + 1));
    expect(await socket.closed).toMatchObject({ code: 1009 });
  });

  test("keeps sessions apart that share an id", async () => {
    const url = aUrl();
    const [first, second] = [await SockJsSocket.open(url), await SockJsSocket.open(url)];
    for (const socket of [first, second]) expect(await socket.next()).toBe("o");
    first.ws.send(BEAT);
    expect(await first.next()).toBe(ECHO);
    first.ws.close(1000);
    await first.closed;
    second.ws.send(BEAT);
    expect(await second.next()).toBe(ECHO);
    const third = await SockJsSocket.open(url);
    expect(await third.next()).toBe("o");
    for (const socket of [second, third]) socket.ws.close(1000);
  });

  test("beats by itself only for a client that does not", async () => {
    const { token } = await aUser();
    for (const [heartBeat, beats] of [
      ["0,0", ["h"]],
      ["10000,10000", []],
      ["300000,300000", ["h"]],
    ] as const) {
      const socket = await SockJsSocket.open();
      socket.ws.send(
        JSON.stringify([frame("CONNECT", { "accept-version": "1.1", "heart-beat": heartBeat, Authorization: `Bearer ${token}` })]),
      );
      expect([await socket.next(), await socket.next()]).toEqual(["o", expect.stringMatching(/^a\["CONNECTED/)]);
      await pass(socket.object, 25_000);
      socket.ws.send('["\\n","\\n"]');
      expect([heartBeat, await socket.take(beats.length + 1)]).toEqual([heartBeat, [...beats, ECHO]]);
      socket.ws.close(1000);
    }
  });
});

describe("XhrPolling", () => {
  test("answers preflights", async () => {
    for (const name of ["xhr", "xhr_send"]) expect(await preflightsOf(`/abc/abc/${name}`)).toEqual(leaveFor("OPTIONS, POST"));
  });

  test("polls and sends, never to be kept", async () => {
    const url = aUrl();
    const opened = await request("POST", `${url}/xhr`);
    expect([opened.status, opened.headers.get("Content-Type"), await opened.text()]).toEqual([
      200,
      "application/javascript; charset=UTF-8",
      "o\n",
    ]);
    expectPrivate(opened);
    const sent = await send(url, BEAT);
    expect([sent.status, sent.headers.get("Content-Type"), await sent.text()]).toEqual([204, "text/plain; charset=UTF-8", ""]);
    expectPrivate(sent);
    expect(await textOf(request("POST", `${url}/xhr`))).toBe(`${ECHO}\n`);
  });

  test("finds no session to send to that nobody opened, and says so to pages too", async () => {
    const answer = await send(aUrl(), BEAT, { Origin: "http://test" });
    expect([answer.status, answer.headers.get("Access-Control-Allow-Origin")]).toEqual([404, "http://test"]);
  });

  test("refuses what is no message, and lives on", async () => {
    const url = aUrl();
    expect(await textOf(request("POST", `${url}/xhr`))).toBe("o\n");
    for (const [body, problem] of [
      ['["x', "Broken JSON encoding."],
      ["[1]", "Broken JSON encoding."],
      ["", "Payload expected."],
    ] as const) {
      const answer = await send(url, body);
      expect([answer.status, await answer.text()]).toEqual([500, problem]);
    }
    expect((await send(url, "x".repeat(1024 * 1024 + 1))).status).toBe(413);
    expect((await send(url, BEAT)).status).toBe(204);
    expect(await textOf(request("POST", `${url}/xhr`))).toBe(`${ECHO}\n`);
  });

  test("takes any content type", async () => {
    const url = aUrl();
    expect(await textOf(request("POST", `${url}/xhr`))).toBe("o\n");
    for (const type of ["text/plain", "T", "application/json", "application/xml", "", "application/json; charset=utf-8", "text/xml"]) {
      expect((await send(url, BEAT, { "Content-Type": type })).status).toBe(204);
      expect(await textOf(request("POST", `${url}/xhr`))).toBe(`${ECHO}\n`);
    }
  });

  test("echoes the headers that a page wants to send", async () => {
    for (const [wanted, allowed] of [
      ["a, b, c", "a, b, c"],
      ["", null],
      [undefined, null],
    ] as const) {
      const headers = wanted === undefined ? {} : { "Access-Control-Request-Headers": wanted };
      const answer = await request("POST", `${aUrl()}/xhr`, { headers });
      expect([answer.status, answer.headers.get("Access-Control-Allow-Headers")]).toEqual([200, allowed]);
      await answer.body?.cancel();
    }
  });

  test("takes only POST", async () => {
    for (const name of ["xhr", "xhr_send", "xhr_streaming", "jsonp_send"]) {
      const answer = await request("GET", `/a/a/${name}`);
      expect([answer.status, answer.headers.get("Allow")]).toEqual([405, "POST"]);
    }
  });
});

describe("XhrStreaming", () => {
  test("answers preflights", async () => {
    expect(await preflightsOf("/abc/abc/xhr_streaming")).toEqual(leaveFor("OPTIONS, POST"));
  });

  test("opens after its prelude, and goes on", async () => {
    const url = aUrl();
    const stream = await Held.open("POST", `${url}/xhr_streaming`);
    expect([stream.response.status, stream.response.headers.get("Content-Type")]).toEqual([200, "application/javascript; charset=UTF-8"]);
    expectPrivate(stream.response);
    expect(stream.response.headers.get("Content-Length")).toBeNull();
    await stream.expect(`${"h".repeat(2048)}\no\n`);
    for (let beat = 0; beat < 3; beat += 1) {
      expect((await send(url, BEAT)).status).toBe(204);
      await stream.expect(`${ECHO}\n`);
    }
    await stream.abort();
  });

  test("ends a response after 128 KiB, and goes on in the next without losing any", async () => {
    const url = aUrl();
    const { token } = await aUser();
    const stream = await Held.open("POST", `${url}/xhr_streaming`);
    await send(url, JSON.stringify([frame("CONNECT", { Authorization: `Bearer ${token}` })]));
    const receipts = Array.from({ length: 40 }, (_, index) => `${index}-${"x".repeat(8000)}`);
    let received = "";
    for (const receipt of receipts.slice(0, 20)) await send(url, JSON.stringify([frame("SEND", { destination: "/nowhere", receipt })]));
    received += await stream.rest();
    expect(received.length).toBeGreaterThanOrEqual(128 * 1024);
    for (const receipt of receipts.slice(20)) await send(url, JSON.stringify([frame("SEND", { destination: "/nowhere", receipt })]));
    received += await Held.open("POST", `${url}/xhr_streaming`).then((next) => next.rest());
    const seen = [...received.matchAll(/receipt-id:(\d+-x+)/g)].map((match) => match[1]);
    expect(seen).toEqual(receipts);
  });
});

describe("EventSource", () => {
  test("opens after a line, and goes on", async () => {
    const url = aUrl();
    const stream = await Held.open("GET", `${url}/eventsource`);
    expect([stream.response.status, stream.response.headers.get("Content-Type")]).toEqual([200, "text/event-stream; charset=UTF-8"]);
    expectPrivate(stream.response);
    await stream.expect("\r\ndata: o\r\n\r\n");
    await send(url, BEAT);
    await stream.expect(`data: ${ECHO}\r\n\r\n`);
    await stream.abort();
  });

  test("keeps a percent sign from being taken for an escape", async () => {
    const url = aUrl();
    const stream = await Held.open("GET", `${url}/eventsource`);
    await stream.expect("\r\ndata: o\r\n\r\n");
    await send(url, JSON.stringify([frame("SEND", { receipt: "50% %41" })]));
    const end = await stream.rest();
    expect(end).toContain("50%25 %2541");
    const [error] = end.split("\r\n\r\n").map((event) => event.replace("data: ", ""));
    expect(decodeURI(error ?? "")).toContain("receipt-id:50% %41");
  });
});

describe("HtmlFile", () => {
  const HEAD = `<!doctype html>
<html><head>
  <meta http-equiv="X-UA-Compatible" content="IE=edge" />
  <meta http-equiv="Content-Type" content="text/html; charset=UTF-8" />
</head><body><h2>Don't panic!</h2>
  <script>
    document.domain = document.domain;
    var c = parent.callback;
    c.start();
    function p(d) {c.message(d);};
    window.onload = function() {c.stop();};
  </script>`;

  test("opens after a page, and goes on", async () => {
    const url = aUrl();
    const stream = await Held.open("GET", `${url}/htmlfile?c=%63allback`);
    expect([stream.response.status, stream.response.headers.get("Content-Type")]).toEqual([200, "text/html; charset=UTF-8"]);
    expectPrivate(stream.response);
    await stream.expect(HEAD);
    const open = '<script>\np("o");\n</script>\r\n';
    const padding = await stream.read(1024 - HEAD.length + 5);
    expect(padding.trim()).toBe("");
    await stream.expect(open);
    await send(url, BEAT);
    await stream.expect('<script>\np("a[\\"\\\\n\\"]");\n</script>\r\n');
    await stream.abort();
  });

  test("keeps a message from ending the script that it stands in", async () => {
    const url = aUrl();
    const stream = await Held.open("GET", `${url}/htmlfile?callback=c`);
    await send(url, JSON.stringify([frame("SEND", { receipt: "</script><script>alert(1)" })]));
    const page = await stream.rest();
    expect(page).not.toContain("alert(1)</script>");
    expect(page).not.toContain("</script><script>alert");
    expect(page).toContain("\\u003c/script>\\u003cscript>alert(1)");
  });
});

describe("JsonPolling", () => {
  const FORM = { "Content-Type": "application/x-www-form-urlencoded" };
  const sendForm = (url: string, body: string, headers: Record<string, string> = FORM) =>
    request("POST", `${url}/jsonp_send`, { body, headers });

  test("polls and sends, never to be kept", async () => {
    const url = aUrl();
    const opened = await request("GET", `${url}/jsonp?c=%63allback`);
    expect([opened.status, opened.headers.get("Content-Type"), await opened.text()]).toEqual([
      200,
      "application/javascript; charset=UTF-8",
      '/**/callback("o");\r\n',
    ]);
    expectPrivate(opened);
    expect(opened.headers.get("X-Content-Type-Options")).toBe("nosniff");
    const sent = await sendForm(url, `d=${encodeURIComponent(BEAT)}`);
    expect([sent.status, sent.headers.get("Content-Type"), await sent.text()]).toEqual([200, "text/plain; charset=UTF-8", "ok"]);
    expectPrivate(sent);
    expect(await textOf(request("GET", `${url}/jsonp?c=%63allback`))).toBe('/**/callback("a[\\"\\\\n\\"]");\r\n');
  });

  test.each(["jsonp", "htmlfile"])("asks for the name of a function, for %s", async (name) => {
    for (const [query, problem] of [
      ["", '"callback" parameter required'],
      ["?c=", '"callback" parameter required'],
      ["?c=alert(1)//", 'invalid "callback" parameter'],
      ["?callback=%3Cscript%3E", 'invalid "callback" parameter'],
      [`?c=${"a".repeat(33)}`, 'invalid "callback" parameter'],
    ] as const) {
      const answer = await request("GET", `/a/a/${name}${query}`);
      expect([answer.status, await answer.text()]).toEqual([500, problem]);
    }
  });

  test("refuses what is no message, and lives on", async () => {
    const url = aUrl();
    expect(await textOf(request("GET", `${url}/jsonp?c=x`))).toBe('/**/x("o");\r\n');
    const broken = await sendForm(url, "d=%5B%22x");
    expect([broken.status, await broken.text()]).toEqual([500, "Broken JSON encoding."]);
    for (const body of ["", "d=", "p=p"]) {
      const answer = await sendForm(url, body);
      expect([answer.status, await answer.text()]).toEqual([500, "Payload expected."]);
    }
    expect((await sendForm(aUrl(), `d=${encodeURIComponent(BEAT)}`)).status).toBe(404);
    expect(await textOf(sendForm(url, `d=${encodeURIComponent(BEAT)}`))).toBe("ok");
    expect(await textOf(request("GET", `${url}/jsonp?c=x`))).toBe('/**/x("a[\\"\\\\n\\"]");\r\n');
  });

  test("takes a form or plain text", async () => {
    const url = aUrl();
    expect(await textOf(request("GET", `${url}/jsonp?c=x`))).toBe('/**/x("o");\r\n');
    expect(await textOf(sendForm(url, BEAT, { "Content-Type": "text/plain" }))).toBe("ok");
    expect(await textOf(request("GET", `${url}/jsonp?c=x`))).toBe('/**/x("a[\\"\\\\n\\"]");\r\n');
  });

  test("goes on saying that it has ended", async () => {
    const url = aUrl();
    expect(await textOf(request("GET", `${url}/jsonp?c=x`))).toBe('/**/x("o");\r\n');
    await sendForm(url, JSON.stringify([frame("CONNECT")]), { "Content-Type": "text/plain" });
    await request("GET", `${url}/jsonp?c=x`);
    for (let poll = 0; poll < 2; poll += 1) {
      expect(await textOf(request("GET", `${url}/jsonp?c=x`))).toMatch(/^\/\*\*\/x\("c\[1008,\\"Not authenticated/);
    }
  });
});

describe("JsessionidCookie", () => {
  test("is not needed, and none is set, whatever a client sends", async () => {
    const id = newSessionId();
    const headers = { Cookie: "JSESSIONID=abcdef" };
    for (const [method, path] of [
      ["GET", "/info"],
      ["POST", `/000/${id}/xhr`],
      ["POST", `/000/${id}/xhr_send`],
      ["GET", `/000/${newSessionId()}/jsonp?c=x`],
      ["GET", "/iframe.html"],
    ] as const) {
      expect((await request(method, path, { headers })).headers.get("Set-Cookie")).toBeNull();
    }
  });
});

describe("RawWebsocket", () => {
  test.each(["", "/", "/websocket"])("carries STOMP without frames at %j", async (path) => {
    const { ws } = await openWs({}, `/ws${path}`);
    ws.accept();
    const received: unknown[] = [];
    ws.addEventListener("message", ({ data }) => void received.push(data));
    const closed = new Promise<CloseEvent>((resolve) => ws.addEventListener("close", resolve));
    ws.send("\n");
    ws.send(frame("CONNECT"));
    expect(await closed).toMatchObject({ code: 1008 });
    expect(received).toEqual(["\n", expect.stringMatching(/^ERROR\nmessage:Not authenticated/)]);
  });
});

describe("JSONEncoding", () => {
  const MANGLED = Array.from({ length: 0x10000 - 255 }, (_, index) => String.fromCharCode(index + 255))
    .filter((char) => /[\u200c-\u200f\u2028-\u202f\u2060-\u206f\ufff0-\uffff]/.test(char))
    .join("");

  test("escapes what browsers would mangle, and reads it escaped or not", async () => {
    const escaped = MANGLED.replaceAll(/[^]/g, (char) => `\\u${char.charCodeAt(0).toString(16)}`);
    const text = frame("SEND", { receipt: `${MANGLED}猫` });
    for (const body of [JSON.stringify([text]), JSON.stringify([text]).replace(MANGLED, escaped)]) {
      const url = aUrl();
      expect(await textOf(request("POST", `${url}/xhr`))).toBe("o\n");
      await send(url, body);
      expect(await textOf(request("POST", `${url}/xhr`))).toContain(`receipt-id:${escaped}猫`);
    }
  });
});

describe("HandlingClose", () => {
  test.each(["xhr", "xhr_streaming"])("refuses a second receiver over %s, and the first goes on", async (name) => {
    const url = aUrl();
    const prelude = name === "xhr" ? "" : `${"h".repeat(2048)}\n`;
    expect(await textOf(request("POST", `${url}/xhr`))).toBe("o\n");
    const first = await Held.open("POST", `${url}/${name}`);
    await first.expect(prelude);
    const second = await Held.open("POST", `${url}/${name}`);
    expect(await second.rest()).toBe(`${prelude}${REFUSED}\n`);
    await send(url, BEAT);
    await first.expect(`${ECHO}\n`);
    await first.abort();
  });

  test.each(["xhr", "xhr_streaming", "eventsource"])("ends a session whose %s was cut", async (name) => {
    const url = aUrl();
    const method = name === "eventsource" ? "GET" : "POST";
    expect(await textOf(request("POST", `${url}/xhr`))).toBe("o\n");
    const held = await Held.open(method, `${url}/${name}`);
    await held.abort();
    await vi.waitFor(async () => expect(await textOf(request("POST", `${url}/xhr`))).toBe('c[1002,"Connection interrupted"]\n'));
  });

  test("ends a session whose stream nobody reads", async () => {
    const id = newSessionId();
    const stream = await request("GET", `/000/${id}/eventsource`);
    await send(`/000/${id}`, JSON.stringify([frame("CONNECT", { Authorization: `Bearer ${(await aUser()).token}` })]));
    await pass(id, 25_000);
    expect(await textOf(request("POST", `/000/${id}/xhr`))).toBe('c[1002,"Connection interrupted"]\n');
    // What the runtime took before nobody read it is still there, and the reason after it.
    expect(await stream.text()).toMatch(/^\r\ndata: o\r\n\r\n[^]*data: c\[1002,"Connection interrupted"\]\r\n\r\n$/);
  });

  test("ends the request that is held when the session ends, and tells the next one why", async () => {
    const url = aUrl();
    const stream = await Held.open("POST", `${url}/xhr_streaming`);
    await stream.expect(`${"h".repeat(2048)}\no\n`);
    await send(url, JSON.stringify([frame("CONNECT")]));
    expect(await stream.rest()).toMatch(/^a\["ERROR\\n[^\n]+\nc\[1008,"Not authenticated[^\n]+\n$/);
    const next = await Held.open("POST", `${url}/xhr_streaming`);
    expect(await next.rest()).toMatch(/^h{2048}\nc\[1008,"Not authenticated/);
  });
});

test("an upgrade where no WebSocket is opens none", async () => {
  for (const path of ["/000/abc/eventsource", "/info", "/iframe.html"]) {
    const answer = await request("GET", path, { headers: { Upgrade: "websocket" } });
    expect([path, answer.status, answer.webSocket]).toEqual([path, 200, null]);
    await answer.body?.cancel();
  }
});

test("every answer about a session may be read by the page that asked", async () => {
  for (const [method, path] of [
    ["POST", `${aUrl()}/xhr`],
    ["POST", `${aUrl()}/xhr_send`],
    ["GET", `${aUrl()}/jsonp`],
    ["GET", "/nothing/at/all/here"],
  ] as const) {
    const answer = await request(method, path, { headers: { Origin: "null" } });
    expect([path, answer.headers.get("Access-Control-Allow-Origin")]).toEqual([path, "null"]);
    await answer.body?.cancel();
  }
});

test("the object of a session that was never opened keeps nothing", async () => {
  const id = newSessionId();
  expect((await send(`/000/${id}`, BEAT)).status).toBe(404);
  const object = objectOf(id);
  expect(await object.deliver("", [])).toBeNull();
});
