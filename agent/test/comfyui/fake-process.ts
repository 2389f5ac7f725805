import { type ChildProcess, spawn } from "node:child_process";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";
import { Inbox } from "../inbox.ts";

const PROGRAM = fileURLToPath(new URL("../fixtures/fake-comfyui.mjs", import.meta.url));

export interface FinishedJob {
  job: string;
  /** Done in all, and when it was told to stop. */
  steps: number;
  cancelledAfter?: number;
  isInterrupted: boolean;
}

/** How an owner would start it. */
export function fakeCommand(port: number, { stepMs = 5, traits = [] }: { stepMs?: number; traits?: string[] } = {}): string[] {
  return [process.execPath, PROGRAM, String(port), String(stepMs), ...traits];
}

export async function startFake(options: { stepMs?: number; traits?: string[] } = {}): Promise<{
  url: string;
  child: ChildProcess;
  finished: Inbox<FinishedJob>;
}> {
  const [file = "", ...args] = fakeCommand(0, options);
  const child = spawn(file, args, { stdio: ["ignore", "pipe", "inherit"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  const lines = new Inbox<string>();
  const finished = new Inbox<FinishedJob>();
  createInterface(child.stdout).on("line", (line) =>
    line.startsWith("{") ? finished.push(JSON.parse(line) as FinishedJob) : lines.push(line),
  );
  const [, port] = /(\d+)$/.exec(await lines.take((line) => line.startsWith("listening"))) ?? [];
  return { url: `http://127.0.0.1:${port}`, child, finished };
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
