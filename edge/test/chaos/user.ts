import { setTimeout as sleep } from "node:timers/promises";
import { Client as StompClient } from "@stomp/stompjs";
import { WebSocket } from "ws";
import { RetryAnswer, TaskDetail, TaskPage } from "@star-graph/shared/rest/tasks";
import { z } from "zod";
import type { PlannedTask, PlannedUser } from "./plan.ts";

const Envelope = z.object({ code: z.union([z.number(), z.string()]), message: z.string(), data: z.unknown().optional() });
const Accepted = z.object({ taskId: z.string() });
const End = z.object({ taskId: z.string(), type: z.string(), status: z.string().optional() });

const AGAIN_MS = 250;
const POLL_MS = 500;
const ENDS = new Set(["COMPLETED", "FAILED", "CANCELLED"]);

/** Of a submission, or of a retry. */
function idIn(data: unknown): string {
  const retried = RetryAnswer.safeParse(data);
  return retried.success ? retried.data.newTaskId : Accepted.parse(data).taskId;
}

export interface Answer {
  code: number | string;
  data?: unknown;
}

/** A client as an API user writes it: repeats what was not answered with the same key, listens by STOMP, and looks at its list. */
export class User {
  readonly id: number;
  readonly name: string;
  /** Tasks that were answered with 200. */
  readonly accepted = new Set<string>();
  /** Submissions that were refused: not enough credits. */
  refused = 0;
  /** What it was told of each task's status, by any way, without repeats in a row. */
  readonly told = new Map<string, string[]>();
  readonly toldByStomp = new Set<string>();
  /** What no client should see. */
  readonly complaints: string[] = [];
  readonly #baseUrl: string;
  readonly #token: string;
  readonly #stomp: StompClient;
  readonly #endHeardAt = new Map<string, number>();
  #keys = 0;

  constructor(baseUrl: string, { id, name, token }: { id: number; name: string; token: string }) {
    this.id = id;
    this.name = name;
    this.#baseUrl = baseUrl;
    this.#token = token;
    this.#stomp = new StompClient({
      webSocketFactory: () => new WebSocket(`${baseUrl.replace("http", "ws")}/ws`, ["v12.stomp"]),
      connectHeaders: { Authorization: `Bearer ${token}` },
      reconnectDelay: 200,
      onConnect: () => {
        this.#stomp.subscribe("/user/topic/result", ({ body }) => this.#onEnd(End.parse(JSON.parse(body))));
        this.#stomp.subscribe("/user/topic/progress", () => undefined);
      },
    });
  }

  listen(): void {
    this.#stomp.activate();
  }

  async leave(): Promise<void> {
    await this.#stomp.deactivate({ force: true });
  }

  #onEnd({ taskId, type, status }: z.infer<typeof End>): void {
    this.toldByStomp.add(taskId);
    this.#hear(taskId, type === "error" ? "FAILED" : (status ?? "nothing"));
  }

  /** @param asOf what was asked before the end came may be answered after it, and says nothing against it */
  #hear(taskId: string, status: string, asOf = performance.now()): void {
    if (asOf < (this.#endHeardAt.get(taskId) ?? 0) && !ENDS.has(status)) return;
    const heard = this.told.get(taskId) ?? [];
    if (heard.at(-1) !== status) this.told.set(taskId, [...heard, status]);
    if (ENDS.has(status) && !this.#endHeardAt.has(taskId)) this.#endHeardAt.set(taskId, performance.now());
  }

  /** Does what was planned, each at its time; done when everything that it asked has been answered. */
  async work({ tasks }: PlannedUser, signal: AbortSignal): Promise<void> {
    await Promise.all(
      tasks.map(async (task) => {
        await sleep(task.atMs, undefined, { signal });
        await this.#pursue(task, signal);
      }),
    );
  }

  async #pursue(task: PlannedTask, signal: AbortSignal): Promise<void> {
    const taskId = await this.#submit(`/generate/${task.route}`, task.body, task.isRepeated, signal);
    if (taskId === null) return;
    if (task.cancelAfterMs !== null) {
      await sleep(task.cancelAfterMs, undefined, { signal });
      const { code } = await this.call("DELETE", `/tasks/${taskId}`, undefined, signal);
      // 400: it had ended before.
      if (code !== 200 && code !== 400) this.complaints.push(`cancel of ${taskId}: ${code}`);
    }
    if (!task.isRetried) return;
    const end = await this.#endOf(taskId, signal);
    if (end === "FAILED" || end === "CANCELLED") await this.#submit(`/tasks/${taskId}/retry`, undefined, task.isRepeated, signal);
  }

  /** @returns null when there were not enough credits */
  async #submit(route: string, body: unknown, isRepeated: boolean, signal: AbortSignal): Promise<string | null> {
    const key = `${this.name}-${++this.#keys}`;
    const answers = await Promise.all((isRepeated ? [1, 2] : [1]).map(() => this.call("POST", route, body, signal, key)));
    const ids = new Set(answers.map(({ code, data }) => (code === 200 ? idIn(data) : String(code))));
    const [first = ""] = ids;
    if (ids.size > 1) this.complaints.push(`one key, two answers: ${[...ids].join(" and ")}`);
    if (first === "E002") {
      this.refused++;
      return null;
    }
    if (answers[0]?.code !== 200) {
      this.complaints.push(`${route}: ${JSON.stringify(answers[0])}`);
      return null;
    }
    this.accepted.add(first);
    return first;
  }

  async #endOf(taskId: string, signal: AbortSignal): Promise<string> {
    for (;;) {
      const heard = this.told.get(taskId)?.at(-1) ?? "";
      if (ENDS.has(heard)) return heard;
      await sleep(AGAIN_MS, undefined, { signal });
    }
  }

  /** Looks at its list until it is told to stop. */
  async watch(signal: AbortSignal): Promise<void> {
    try {
      for (;;) {
        await this.look(signal);
        await sleep(POLL_MS, undefined, { signal });
      }
    } catch (error) {
      if (!signal.aborted) this.complaints.push(`its list: ${String(error)}`);
    }
  }

  /** @returns the newest status of each task */
  async look(signal: AbortSignal): Promise<Map<string, string>> {
    const found = new Map<string, string>();
    const askedAt = performance.now();
    for (let page = 1, pages = 1; page <= pages; page++) {
      const { data } = await this.call("GET", `/tasks?page=${page}&pageSize=100`, undefined, signal);
      const list = TaskPage.parse(data);
      pages = list.totalPages;
      for (const { id: taskId, status } of list.content) {
        found.set(taskId, status);
        this.#hear(taskId, status, askedAt);
      }
    }
    return found;
  }

  async detail(taskId: string, signal: AbortSignal): Promise<TaskDetail> {
    return TaskDetail.parse((await this.call("GET", `/tasks/${taskId}`, undefined, signal)).data);
  }

  /** Asks until there is an answer: with the same key, as a request whose answer was lost may have been carried out. */
  async call(method: string, route: string, body: unknown, signal: AbortSignal, key?: string): Promise<Answer> {
    for (;;) {
      const answer = await this.#try(method, route, body, signal, key);
      if (answer) return answer;
      await sleep(AGAIN_MS, undefined, { signal });
    }
  }

  async #try(method: string, route: string, body: unknown, signal: AbortSignal, key?: string): Promise<Answer | null> {
    let answer: Response;
    let text: string;
    try {
      answer = await fetch(`${this.#baseUrl}/api/v1${route}`, {
        method,
        headers: { Authorization: `Bearer ${this.#token}`, "Content-Type": "application/json", ...(key && { "Idempotency-Key": key }) },
        ...(body !== undefined && { body: JSON.stringify(body) }),
        signal,
      });
      text = await answer.text();
    } catch (error) {
      signal.throwIfAborted();
      // A line that broke; whatever else it says is no answer either.
      if (error instanceof TypeError) return null;
      throw error;
    }
    if (answer.status >= 500) return null;
    return Envelope.parse(JSON.parse(text));
  }
}
