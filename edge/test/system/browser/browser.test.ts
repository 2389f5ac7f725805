import { createHash } from "node:crypto";
import fs from "node:fs";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, test } from "vitest";
import { codeOf } from "../../support/document-code.ts";
import { addUser, emptyFolder, type RunningSystem, startSystem } from "../local-start.ts";
import { launchChromium } from "./chromium.ts";
import { type Proxy, startProxy } from "./hostile-proxy.ts";
import { PageHost } from "./page-host.ts";

const PASSWORD = "password123";
const MD5 = createHash("md5").update(PASSWORD).digest("hex");

/** The names that the document uses and does not define, as small as they can be. */
const PROLOGUE = `
const md5 = () => "${MD5}";
const displayImage = (url) => Object.assign(document.body.appendChild(new Image()), { src: url });
`;
/** Makes the unmodified client use that transport and no other. */
const only = (transport: string) =>
  `const SockJS = function (url) { return new window.SockJS(url, null, { transports: "${transport}" }); };`;
/** On a quick line the client allows its last transport 300 ms, which a machine full of browsers may take; after it, it gives up. */
const PATIENT = "const SockJS = function (url) { return new window.SockJS(url, null, { timeout: 1500 }); };";
/** What a test wants to know and the document's code keeps to itself. */
const EPILOGUE = `
window.usedTransport = () => socket.transport;`;
/** In the page's own words: this project's programs know no `document`. */
const SHOWN = `(() => {
  const picture = document.querySelector("img");
  return picture?.complete && { width: picture.naturalWidth, height: picture.naturalHeight, by: usedTransport() };
})()`;

let system: RunningSystem;
let browser: Browser;
let host: PageHost;
let noSockets: Proxy;
let noStreams: Proxy;
const litter = emptyFolder();

beforeAll(async () => {
  [system, browser, host] = await Promise.all([startSystem(emptyFolder()), launchChromium(litter), PageHost.start()]);
  [noSockets, noStreams] = await Promise.all(
    [false, true].map((holdsBack) => startProxy(system.baseUrl, { holdsBack })) as [Promise<Proxy>, Promise<Proxy>],
  );
  await addUser(system, { username: "user123", password: PASSWORD, credits: 1_000 });
});

afterAll(async () => {
  await browser?.close();
  for (const server of [host, noSockets, noStreams]) server?.close();
  await system?.stop();
  for (const folder of [litter, system.stateFolder]) fs.rmSync(folder, { recursive: true, force: true });
});

/** Opens that page. @returns it with what its console said. */
async function open(html: string): Promise<{ page: Page; said: string[] }> {
  const context = await browser.newContext();
  const page = await context.newPage();
  const said: string[] = [];
  page.on("console", (message) => void said.push(message.text()));
  page.on("pageerror", (error) => void said.push(`error: ${error.message}`));
  await page.goto(host.add(html));
  return { page, said };
}

/** The size of the picture that is displayed, once it is, and what it was told by. */
async function displayed(where: Pick<Page, "waitForFunction">, said: readonly string[]): Promise<unknown> {
  try {
    const handle = await where.waitForFunction(SHOWN, undefined, { timeout: 60_000 });
    return await handle.jsonValue();
  } catch (error) {
    throw new Error(`no picture is displayed; the page said: ${JSON.stringify(said)}`, { cause: error });
  }
}

const behind = (what: string): string =>
  ({ "no WebSocket comes through": noSockets, "no stream comes through either": noStreams })[what]?.baseUrl ?? system.baseUrl;

const pictureTold = (by: string) => ({ width: 1024, height: 1024, by });

describe.concurrent("a page of another origin with the document's own code", () => {
  test("shows its picture, told by a WebSocket", async ({ expect }) => {
    const { page, said } = await open(host.page(PROLOGUE + codeOf("10.1", system.baseUrl) + EPILOGUE));
    expect(await displayed(page, said)).toEqual(pictureTold("websocket"));
    expect(said.join("\n")).toMatch(/^Connected|Progress: \d+%/m);
    expect(said.filter((line) => line.startsWith("error"))).toEqual([]);
    await page.context().close();
  });

  test("sends and follows a task by section 8 alone", async ({ expect }) => {
    const { token } = await addUser(system, { username: "user-of-8", password: PASSWORD, credits: 100 });
    // The document subscribes and sends once it is connected, which it shows one after the other.
    const code = `const token = ${JSON.stringify(token)};\n${codeOf("8.1", system.baseUrl)}
while (!stompClient.connected) await new Promise((resolve) => setTimeout(resolve, 20));
${codeOf("8.2", system.baseUrl)}
${codeOf("8.4", system.baseUrl)}`;
    const { page, said } = await open(host.page(code));
    await expect.poll(() => said.some((line) => line.startsWith("Result:")), { timeout: 60_000 }).toBe(true);
    expect(said.filter((line) => line.startsWith("Connected: CONNECTED"))).toHaveLength(1);
    // The answer to the task that is sent, and to the question about the example's own, which is nobody's.
    expect(said.filter((line) => line.startsWith("Personal message:"))).toHaveLength(2);
    expect(said.some((line) => line.startsWith("Progress:"))).toBe(true);
    await page.context().close();
  });

  test.for([
    ["no WebSocket comes through", "xhr-streaming"],
    ["no stream comes through either", "xhr-polling"],
  ] as const)("shows its picture where %s", async ([what, transport], { expect }) => {
    const { page, said } = await open(host.page(PROLOGUE + codeOf("10.1", behind(what)) + EPILOGUE));
    expect(await displayed(page, said)).toEqual(pictureTold(transport));
    await page.context().close();
  });

  test.for([
    ["everything comes through", "websocket"],
    ["no WebSocket comes through", "eventsource"],
    ["no stream comes through either", "jsonp-polling"],
  ] as const)("shows its picture from a sandboxed frame, whose origin is null, where %s", async ([what, transport], { expect }) => {
    const patience = transport === "jsonp-polling" ? PATIENT : "";
    const inner = host.page(PROLOGUE + patience + codeOf("10.1", behind(what)) + EPILOGUE).replaceAll('"', "&quot;");
    const { page, said } = await open(`<!doctype html><iframe sandbox="allow-scripts allow-forms" srcdoc="${inner}"></iframe>`);
    const frame = page.frames()[1]!;
    expect(await frame.evaluate("window.origin")).toBe("null");
    expect(await displayed(frame, said)).toEqual(pictureTold(transport));
    await page.context().close();
  });

  test.for(["xhr-streaming", "eventsource", "iframe-eventsource", "iframe-htmlfile", "iframe-xhr-polling", "jsonp-polling"])(
    "shows its picture by %s alone",
    async (transport, { expect }) => {
      const { page, said } = await open(host.page(PROLOGUE + only(transport) + codeOf("10.1", system.baseUrl) + EPILOGUE));
      expect(await displayed(page, said)).toEqual(pictureTold(transport));
      await page.context().close();
    },
  );
});
