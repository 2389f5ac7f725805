import { AppError } from "@star-graph/shared/errors";
import { Text2ImgBody } from "@star-graph/shared/rest/generate";
import { describe, expect, test } from "vitest";
import type { NewTask } from "../billing/ledger.ts";
import type { Admission, TaskToQueue } from "../dispatch/types.ts";
import { submitText2Img, type SubmitTaskDeps } from "./submit-task.ts";

const NOW = Date.UTC(2024, 9, 2);
const ADMITTED: Admission = { admitted: true, queuePosition: 2, estimatedSeconds: 31 };

/** A Worker's surroundings that remember what they were given. */
function surroundings(over: Partial<SubmitTaskDeps> = {}) {
  const opened: NewTask[] = [];
  const enqueued: { pool: string; task: TaskToQueue }[] = [];
  const deps: SubmitTaskDeps = {
    findModel: async (name) => ({ name, types: ["TEXT2IMG"], priceCredits: 10 }),
    poolsOf: async () => ["public"],
    admit: async () => ADMITTED,
    openTask: async (task) => {
      opened.push(task);
      return "opened";
    },
    enqueue: async (pool, task) => void enqueued.push({ pool, task }),
    randomBytes: (length) => new Uint8Array(length).fill(255),
    ...over,
  };
  const submit = (body: object = {}) => submitText2Img(deps, 1001, Text2ImgBody.parse({ prompt: "a cat", ...body }), NOW);
  return { submit, opened, enqueued };
}

const refusal = async (answer: Promise<unknown>) => {
  const error: unknown = await answer.catch((cause: unknown) => cause);
  return error instanceof AppError ? error.errorName : error;
};

describe("a submitted text2img task", () => {
  test("is put on record and handed to its pool, with the answer of its admission", async () => {
    const { submit, opened, enqueued } = surroundings();
    const answer = await submit({ clientId: "mine" });
    expect(answer).toEqual({ taskId: expect.stringMatching(/^t2i_20241002_/), queuePosition: 2, estimatedTime: 31, cost: 10 });
    expect(opened).toMatchObject([
      { id: answer.taskId, userId: 1001, status: "PENDING", cost: 10, pool: "public", clientId: "mine", createTime: NOW },
    ]);
    expect(enqueued).toMatchObject([
      { pool: "public", task: { taskId: answer.taskId, pixels: 1024 * 1024, work: 30 * 1024 * 1024, failures: 0 } },
    ]);
  });

  test("has its seed drawn, as large as a JSON number can be and no larger, unless it was given one", async () => {
    const { submit, opened } = surroundings();
    await submit();
    await submit({ seed: 7 });
    expect(opened.map((row) => row.parameters["seed"])).toEqual([Number.MAX_SAFE_INTEGER, 7]);
    expect(opened.map((row) => "clientId" in row.parameters)).toEqual([false, false]);
  });

  test("goes to the first of its user's pools that takes it", async () => {
    const admit = async (pool: string): Promise<Admission> => (pool === "public" ? ADMITTED : { admitted: false, reason: "NO_GPU" });
    const { submit, enqueued } = surroundings({ poolsOf: async () => ["owner-1001", "public"], admit });
    await submit();
    expect(enqueued.map(({ pool }) => pool)).toEqual(["public"]);
  });

  test.each(["QUEUE_FULL", "NO_GPU"] as const)("is refused with %s when its pool says so, and nothing is stored", async (reason) => {
    const { submit, opened, enqueued } = surroundings({ admit: async () => ({ admitted: false, reason }) });
    expect(await refusal(submit())).toBe(reason);
    expect([opened, enqueued]).toEqual([[], []]);
  });

  test("is refused without credits, and not queued", async () => {
    const { submit, enqueued } = surroundings({ openTask: async () => "insufficient" });
    expect(await refusal(submit())).toBe("INSUFFICIENT_CREDITS");
    expect(enqueued).toEqual([]);
  });

  test("is a bad request for a model that is not there or makes no pictures from text", async () => {
    expect(await refusal(surroundings({ findModel: async () => null }).submit())).toBe("BAD_REQUEST");
    const upscaler = { name: "up", types: ["UPSCALE"], priceCredits: 10 };
    expect(await refusal(surroundings({ findModel: async () => upscaler }).submit())).toBe("BAD_REQUEST");
  });
});
