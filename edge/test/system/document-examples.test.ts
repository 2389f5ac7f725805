import fs from "node:fs";
import path from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { codeOf } from "../support/document-code.ts";
import { addUser, emptyFolder, type RunningSystem, startSystem } from "./local-start.ts";

/** The names that the document uses and does not define, as small as they can be. */
const PROLOGUE = `
import { createHash } from "node:crypto";
const md5 = (text) => createHash("md5").update(text).digest("hex");
const displayImage = (url) => console.log("displayed:", url);
const alert = (text) => console.log("alert:", text);
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
class ApiError extends Error {
  constructor(code, message) { super(message); this.code = code; }
}
// The socket part is shown with the real clients elsewhere; here it says nothing.
class SockJS {}
const Stomp = { over: () => ({ connect() {}, subscribe() {} }) };
`;

let system: RunningSystem;
let token: string;
const folder = emptyFolder();

async function run(...parts: string[]): Promise<{ stdout: string; stderr: string }> {
  const file = path.join(folder, "example.mjs");
  fs.writeFileSync(file, parts.join("\n"));
  return execa(process.execPath, [file], { timeout: 60_000 });
}

beforeAll(async () => {
  system = await startSystem(emptyFolder());
  ({ token } = await addUser(system, { username: "user123", password: "password123", credits: 100 }));
});

afterAll(async () => {
  await system?.stop();
  for (const left of [folder, system.stateFolder]) fs.rmSync(left, { recursive: true, force: true });
});

describe("the code of the document's chapter 10", () => {
  test("10.1 signs in, creates a task and polls it to its end", async () => {
    const { stdout, stderr } = await run(PROLOGUE, codeOf("10.1", system.baseUrl), "await pollTaskStatus(taskId);");
    expect(stderr).toBe("");
    expect(stdout).toMatch(/^Task completed: \[/m);
    expect(stdout).toContain(`${system.baseUrl}/files/results/`);
  });

  test("10.2 creates a task for each size", async () => {
    const { stdout } = await run(PROLOGUE, `const token = ${JSON.stringify(token)};`, codeOf("10.2", system.baseUrl));
    expect(stdout).toMatch(/^Created tasks: \[/m);
    expect(stdout.match(/taskId: 't2i_\d{8}_\d{12,}'/g)?.length).toBeGreaterThanOrEqual(3);
  });

  test("10.3 answers with the data, tells of missing credits, and refreshes a token that no longer counts", async () => {
    const use = `
      const client = new ApiClient(${JSON.stringify(token)});
      console.log("balance:", (await client.request("/users/balance")).available);
      const body = JSON.stringify({ prompt: "一只猫", width: 2048, height: 2048, steps: 150, batchSize: 8 });
      await client.request("/generate/text2img", { method: "POST", body }).catch((error) => console.log("thrown:", error.code));
      client.refreshToken = async () => { console.log("refreshed"); client.token = ${JSON.stringify(token)}; };
      client.token = "no longer good";
      console.log("again:", (await client.request("/users/balance")).available);`;
    const { stdout } = await run(PROLOGUE, codeOf("10.3", system.baseUrl), use);
    const [balance, alert, thrown, refreshed, again] = stdout.split("\n");
    expect(balance).toMatch(/^balance: \d+$/);
    expect([alert, thrown, refreshed]).toEqual(["alert: 积分余额不足，请充值", "thrown: E002", "refreshed"]);
    expect(again).toMatch(/^again: \d+$/);
  });
});
