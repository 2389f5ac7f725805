import { spawn } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { TaskDetail } from "@star-graph/shared/rest/tasks";
import { type Credentials, readCredentials } from "../../local/credentials.ts";

export const PROJECT = path.resolve(import.meta.dirname, "../../..");
const START_MS = 90_000;

export function emptyFolder(): string {
  return fs.mkdtempSync(path.join(os.tmpdir(), "stargraph-test-"));
}

/** A process group as a terminal would have it: signals go to all of it at once. */
export class Group {
  readonly output: string[] = [];
  readonly exited: Promise<number>;
  private readonly child;

  constructor(command: string, args: string[], options: { cwd?: string; env?: Record<string, string> } = {}) {
    this.child = spawn(command, args, {
      cwd: options.cwd ?? PROJECT,
      env: { ...process.env, ...options.env },
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
    });
    for (const stream of [this.child.stdout, this.child.stderr])
      stream.setEncoding("utf8").on("data", (text: string) => this.output.push(text));
    this.exited = new Promise((resolve, reject) => {
      this.child.once("error", reject);
      // After `close` nothing holds its output any more: the whole group has ended, or has given it up.
      this.child.once("close", (code, signal) => resolve(code ?? 128 + os.constants.signals[signal ?? "SIGTERM"]));
    });
  }

  get text(): string {
    return this.output.join("");
  }

  signal(signal: NodeJS.Signals): void {
    try {
      process.kill(-this.child.pid!, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
    }
  }

  /** Processes of the group that are still there. */
  members(): string[] {
    return processes()
      .filter(({ group }) => group === this.child.pid)
      .map(({ command }) => command);
  }

  async until(wanted: RegExp, timeoutMs = START_MS): Promise<RegExpExecArray> {
    const deadline = Date.now() + timeoutMs;
    let ended = false;
    void this.exited.then(() => (ended = true));
    for (;;) {
      const found = wanted.exec(this.text);
      if (found) return found;
      if (ended || Date.now() > deadline) throw new Error(`${ended ? "ended" : "timed out"} before ${wanted}:\n${this.text}`);
      await delay(20);
    }
  }
}

interface Process {
  pid: number;
  group: number;
  command: string;
}

/** All processes of this machine, from /proc or ps. */
export function processes(): Process[] {
  if (!fs.existsSync("/proc/self/stat")) return [];
  return fs
    .readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const stat = fs.readFileSync(`/proc/${pid}/stat`, "utf8");
        // pid (name) state parent group …; a zombie has ended and only waits to be collected.
        const [state, , group] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
        if (state === "Z") return [];
        return [{ pid: Number(pid), group: Number(group), command: fs.readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ") }];
      } catch {
        // Ended while we looked.
        return [];
      }
    });
}

/** The local start as a running system, with what its users need to talk to it. */
export interface RunningSystem {
  baseUrl: string;
  stateFolder: string;
  credentials: Credentials;
  group: Group;
  stop(): Promise<number>;
}

export async function startSystem(stateFolder: string, flags: string[] = []): Promise<RunningSystem> {
  const group = new Group(process.execPath, ["edge/local/start.mjs", "--port", "0", "--state", stateFolder, ...flags]);
  const [, baseUrl = ""] = await group.until(/Star-Graph is ready at (\S+)/);
  const credentials = readCredentials(stateFolder);
  if (!credentials) throw new Error("no credentials were written");
  return {
    baseUrl,
    stateFolder,
    credentials,
    group,
    stop() {
      group.signal("SIGTERM");
      return group.exited;
    },
  };
}

/** Somebody who registered, and whom an administrator gave credits. */
export async function addUser(
  system: Pick<RunningSystem, "baseUrl" | "credentials">,
  { username, password, credits }: { username: string; password: string; credits: number },
): Promise<{ token: string }> {
  const registered = await fetch(`${system.baseUrl}/api/v1/auth/register`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ username, password }),
  });
  const { data }: { data?: { token: string; user: { id: number } } } = await registered.json();
  if (!data) throw new Error(`register refused: ${registered.status}`);
  const admin = await Client.login({ baseUrl: system.baseUrl, credentials: { ...system.credentials, demo: system.credentials.admin } });
  await admin.call("POST", `/admin/users/${data.user.id}/recharge`, { amount: credits, reason: "test" });
  return { token: data.token };
}

/** A client of the API: the envelope's data, or an error with the whole answer in it. */
export class Client {
  readonly baseUrl: string;
  readonly token: string;

  private constructor(baseUrl: string, token: string) {
    this.baseUrl = baseUrl;
    this.token = token;
  }

  static async login({ baseUrl, credentials }: Pick<RunningSystem, "baseUrl" | "credentials">): Promise<Client> {
    const answer = await fetch(`${baseUrl}/api/v1/auth/login`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(credentials.demo),
    });
    const { token }: { token?: string } = await answer.json();
    if (!token) throw new Error(`login refused: ${answer.status}`);
    return new Client(baseUrl, token);
  }

  async call<T>(method: string, route: string, body?: unknown): Promise<T> {
    const answer = await fetch(`${this.baseUrl}/api/v1${route}`, {
      method,
      headers: { Authorization: `Bearer ${this.token}`, "Content-Type": "application/json" },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const envelope: { code: number | string; data: T } = await answer.json();
    if (envelope.code !== 200) throw new Error(`${method} ${route}: ${JSON.stringify(envelope)}`);
    return envelope.data;
  }

  async submit(body: Record<string, unknown>): Promise<string> {
    const { taskId } = await this.call<{ taskId: string }>("POST", "/generate/text2img", body);
    return taskId;
  }

  /** The task once the condition holds. */
  async until(taskId: string, holds: (task: TaskDetail) => boolean, timeoutMs = 60_000): Promise<TaskDetail> {
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      const task = await this.call<TaskDetail>("GET", `/tasks/${taskId}`);
      if (holds(task)) return task;
      if (Date.now() > deadline) throw new Error(`timed out: ${JSON.stringify(task)}`);
      await delay(25);
    }
  }

  completed(taskId: string): Promise<TaskDetail> {
    return this.until(taskId, (task) => {
      if (task.status === "FAILED" || task.status === "CANCELLED") throw new Error(`not completed: ${JSON.stringify(task)}`);
      return task.status === "COMPLETED";
    });
  }

  /** The bytes of a completed task's first picture. */
  async picture(taskId: string): Promise<Buffer> {
    const task = await this.completed(taskId);
    const answer = await fetch(task.results[0]!.url);
    if (!answer.ok) throw new Error(`no picture: ${answer.status}`);
    return Buffer.from(await answer.arrayBuffer());
  }
}
