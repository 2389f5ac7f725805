import { AppError } from "@star-graph/shared/errors";
import type { ModelLimits } from "@star-graph/shared/model-limits";
import { GENERATE_BODIES, type GenerateRequest } from "@star-graph/shared/rest/generate";
import type { TaskType } from "@star-graph/shared/task";
import { describe, expect, test } from "vitest";
import type { NewTask } from "../billing/ledger.ts";
import type { Shard } from "../dispatch/shards/pools.ts";
import type { Admission, TaskToQueue } from "../dispatch/queue/types.ts";
import { PNG } from "../inputs/testing/pictures.ts";
import type { InputRow } from "../inputs/store.ts";
import { submitTask, type SubmitTaskDeps } from "./submit-task.ts";

const NOW = Date.UTC(2024, 9, 2);
const ADMITTED: Admission = { admitted: true, queuePosition: 2, estimatedSeconds: 31, estimatedRange: { low: 20, high: 60 } };
const ALL_TYPES: TaskType[] = ["TEXT2IMG", "IMG2IMG", "UPSCALE", "POSE", "TEXT2VIDEO", "IMG2VIDEO"];

/** A Worker's surroundings that remember what they were given. */
function surroundings(over: Partial<SubmitTaskDeps> = {}, limits: ModelLimits = {}) {
  const opened: NewTask[] = [];
  const enqueued: (Shard & { task: TaskToQueue })[] = [];
  const inputs: InputRow[] = [];
  const moderated: string[] = [];
  const released: string[] = [];
  const deps: SubmitTaskDeps = {
    findModel: async (name) => ({ name, types: ALL_TYPES, priceCredits: 10, limits, memoryBytes: null }),
    poolsOf: async () => ["public"],
    shardsFor: async (pool) => [{ pool, shard: 0 }],
    admit: async () => ADMITTED,
    vipOf: async () => null,
    reserve: async () => ADMITTED,
    release: async (_, taskId) => void released.push(taskId),
    openTask: async (task) => {
      opened.push(task);
      return "opened";
    },
    enqueue: async (shard, task) => void enqueued.push({ ...shard, task }),
    moderate: async ({ texts }) => void moderated.push(...texts),
    randomBytes: (length) => new Uint8Array(length).fill(255),
    addInput: async (row) => void inputs.push(row),
    removeInput: async (id) =>
      void inputs.splice(
        inputs.findIndex((row) => row.id === id),
        1,
      ),
    keepInputUntil: async () => {},
    findOwnInput: async () => null,
    readOwnResult: async () => null,
    fetch: async () => {
      throw new Error("nothing is to be fetched");
    },
    allowedHosts: [],
    publicBaseUrl: "https://api.test",
    publicFilesUrl: "https://files.test",
    ...over,
  };
  const submitAs = (type: TaskType, body: object) => {
    const request = { type, body: GENERATE_BODIES[type].parse(body) } as GenerateRequest;
    return submitTask(deps, 1001, request, NOW);
  };
  const submit = (body: object = {}) => submitAs("TEXT2IMG", { prompt: "a cat", ...body });
  return { submit, submitAs, opened, enqueued, inputs, moderated, released };
}

const refusal = async (answer: Promise<unknown>) => {
  const error: unknown = await answer.catch((cause: unknown) => cause);
  return error instanceof AppError ? error.errorName : error;
};

describe("a submitted text2img task", () => {
  test("is put on record and handed to its pool, with the answer of its admission", async () => {
    const { submit, opened, enqueued } = surroundings();
    const answer = await submit({ clientId: "mine" });
    const time = { estimatedTime: 31, estimatedTimeRange: { low: 20, high: 60 } };
    expect(answer).toEqual({ taskId: expect.stringMatching(/^t2i_20241002_/), queuePosition: 2, ...time, cost: 10 });
    expect(opened).toMatchObject([
      { id: answer?.taskId, userId: 1001, status: "PENDING", cost: 10, pool: "public", clientId: "mine", createTime: NOW },
    ]);
    expect(enqueued).toMatchObject([
      { pool: "public", task: { taskId: answer?.taskId, pixels: 1024 * 1024, work: 30 * 1024 * 1024, failures: 0 } },
    ]);
  });

  test("has its seed drawn, as large as a JSON number can be and no larger, unless it was given one", async () => {
    const { submit, opened } = surroundings();
    await submit();
    await submit({ seed: 7 });
    expect(opened.map((row) => row.parameters?.["seed"])).toEqual([Number.MAX_SAFE_INTEGER, 7]);
    expect(opened.map((row) => "clientId" in (row.parameters ?? {}))).toEqual([false, false]);
  });

  test("goes to the first of its user's pools that takes it, and is counted by the first one alone", async () => {
    const counted: string[] = [];
    const reserve = async ({ pool }: Shard): Promise<Admission> => (pool === "public" ? ADMITTED : { admitted: false, reason: "NO_GPU" });
    const admit = (shard: Shard) => {
      counted.push(shard.pool);
      return reserve(shard);
    };
    const { submit, enqueued } = surroundings({ poolsOf: async () => ["owner-1001", "public"], admit, reserve });
    await submit();
    expect(enqueued.map(({ pool }) => pool)).toEqual(["public"]);
    expect(counted).toEqual(["owner-1001"]);
  });

  test("goes to the first shard of its pool that takes it, and keeps to it", async () => {
    const shardsFor = async (pool: string) => [3, 1].map((shard) => ({ pool, shard }));
    const admit = async (): Promise<Admission> => ({ admitted: false, reason: "QUEUE_FULL" });
    const { submit, opened, enqueued } = surroundings({ shardsFor, admit, reserve: async () => ADMITTED });
    await submit();
    expect(opened).toMatchObject([{ pool: "public", shard: 1 }]);
    expect(enqueued).toMatchObject([{ pool: "public", shard: 1 }]);
  });

  test("is told of a full queue rather than of a missing agent", async () => {
    const poolsOf = async () => ["owner-1001", "public"];
    const refusing =
      (full: string) =>
      async ({ pool }: Shard): Promise<Admission> => ({ admitted: false, reason: pool === full ? "QUEUE_FULL" : "NO_GPU" });
    for (const full of ["owner-1001", "public"]) {
      const { submit } = surroundings({ poolsOf, admit: refusing(full), reserve: refusing(full) });
      expect(await refusal(submit())).toBe("QUEUE_FULL");
    }
  });

  test("is told how much memory is missing, whichever of its pools said it", async () => {
    const memory = { neededBytes: 24 * 2 ** 30, largestBytes: 16 * 2 ** 30 };
    const refusing = async ({ pool }: Shard): Promise<Admission> => ({
      admitted: false,
      reason: "NO_GPU",
      ...(pool === "public" && { memory }),
    });
    const { submit } = surroundings({ poolsOf: async () => ["owner-1001", "public"], admit: refusing, reserve: refusing });
    await expect(submit()).rejects.toMatchObject({
      errorName: "NO_GPU",
      text: {
        zh: "GPU资源不足：模型需要 24 GB 显存，在线GPU最大为 16 GB",
        en: "No GPU can run this now: The model needs 24 GB of GPU memory, the largest connected agent for it has 16 GB",
      },
    });
  });

  test("takes what its model needs of memory into the queue", async () => {
    const findModel = async (name: string) => ({ name, types: ALL_TYPES, priceCredits: 10, limits: {}, memoryBytes: 5 });
    const { submit, enqueued } = surroundings({ findModel });
    await submit();
    expect(enqueued).toMatchObject([{ task: { memoryBytes: 5 } }]);
  });

  test.each(["QUEUE_FULL", "NO_GPU"] as const)("is refused with %s when its pool says so, and nothing is stored", async (reason) => {
    const { submit, opened, enqueued } = surroundings({ admit: async () => ({ admitted: false, reason }) });
    expect(await refusal(submit())).toBe(reason);
    expect([opened, enqueued]).toEqual([[], []]);
  });

  test("is refused without credits, and neither queued nor kept a place for", async () => {
    const { submit, enqueued, released } = surroundings({ openTask: async () => "insufficient" });
    expect(await refusal(submit())).toBe("INSUFFICIENT_CREDITS");
    expect(enqueued).toEqual([]);
    expect(released).toEqual([expect.stringMatching(/^t2i_/)]);
  });

  test("gives its place back when a parallel repeat was first or it could not be put on record, and keeps it when it was", async () => {
    const repeated = surroundings({ openTask: async () => "repeated" });
    expect(await repeated.submit()).toBeNull();
    const broken = surroundings({ openTask: () => Promise.reject(new Error("D1 is down")) });
    await expect(broken.submit()).rejects.toThrow("D1 is down");
    const opened = surroundings();
    await opened.submit();
    expect([repeated, broken, opened].map(({ released }) => released.length)).toEqual([1, 1, 0]);
  });

  test("is a bad request for a model that is not there or makes no pictures from text", async () => {
    expect(await refusal(surroundings({ findModel: async () => null }).submit())).toBe("BAD_REQUEST");
    const upscaler = { name: "up", types: ["UPSCALE"], priceCredits: 10, limits: {}, memoryBytes: null };
    expect(await refusal(surroundings({ findModel: async () => upscaler }).submit())).toBe("BAD_REQUEST");
  });

  test("takes the model's default steps before the document's, and its own before both", async () => {
    const { submit, opened } = surroundings({}, { defaultSteps: 8 });
    await submit();
    await submit({ steps: 12 });
    await surroundings().submit();
    expect(opened.map((row) => row.parameters?.["steps"])).toEqual([8, 12]);
  });

  test.each([
    ["width", { width: 1032 }, { sizeMultiple: 64 }],
    ["width", {}, { maxPixels: 1024 * 1023 }],
    ["steps", { steps: 31 }, { maxSteps: 30 }],
    ["steps", {}, { maxSteps: 29 }],
    ["batchSize", { batchSize: 3 }, { maxBatchSize: 2 }],
  ])("is held against its model's limits, which name %s", async (field, body, limits) => {
    const { submit, opened } = surroundings({}, limits);
    await expect(submit(body)).rejects.toMatchObject({ errorName: "BAD_REQUEST", issues: [{ path: field }] });
    expect(opened).toEqual([]);
  });

  test("has its own deadlines and its callback on record", async () => {
    const { submit, opened, enqueued } = surroundings();
    await submit({ startWithinSeconds: 5, finishWithinSeconds: 60, callbackUrl: "https://me.test/hook" });
    expect(opened).toMatchObject([{ startBy: NOW + 5_000, finishBy: NOW + 60_000, callbackUrl: "https://me.test/hook" }]);
    expect(enqueued).toMatchObject([{ task: { startBy: NOW + 5_000, finishBy: NOW + 60_000 } }]);
    expect(opened[0]?.parameters).not.toHaveProperty("callbackUrl");
  });
});

describe("a task that works on a picture", () => {
  const imageBase64 = Buffer.from(PNG(100, 50)).toString("base64");

  test("keeps it beside its parameters, which say only how large it is", async () => {
    const { submitAs, opened, inputs, moderated } = surroundings();
    await submitAs("IMG2IMG", { prompt: "a cat", imageBase64 });
    expect(inputs).toMatchObject([{ userId: 1001, uploaded: false, width: 100, height: 50, format: "PNG" }]);
    expect(opened).toMatchObject([
      { type: "IMG2IMG", inputId: inputs[0]?.id, parameters: { imageWidth: 100, imageHeight: 50, steps: 20 } },
    ]);
    expect(opened[0]?.parameters).not.toHaveProperty("imageBase64");
    expect(moderated).toEqual(["a cat"]);
  });

  test.each([
    ["without credits", { openTask: async () => "insufficient" as const }],
    ["repeated at the same time", { openTask: async () => "repeated" as const }],
  ])("keeps nothing when it is %s", async (_why, over) => {
    const { submitAs, inputs, enqueued } = surroundings(over);
    await submitAs("UPSCALE", { imageBase64 }).catch(() => null);
    expect([inputs, enqueued]).toEqual([[], []]);
  });

  test("stores nothing when no pool takes it", async () => {
    const { submitAs, inputs } = surroundings({ admit: async () => ({ admitted: false, reason: "NO_GPU" }) });
    expect(await refusal(submitAs("UPSCALE", { imageBase64 }))).toBe("NO_GPU");
    expect(inputs).toEqual([]);
  });

  test("may not be enlarged beyond what its model makes", async () => {
    const { submitAs } = surroundings({}, { maxPixels: 4 * 100 * 50 });
    await expect(submitAs("UPSCALE", { imageBase64, scaleFactor: 4 })).rejects.toMatchObject({ issues: [{ path: "scaleFactor" }] });
    expect(await submitAs("UPSCALE", { imageBase64, scaleFactor: 2 })).toMatchObject({ cost: 1 });
  });
});

test("a video says how many frames it has, and costs by them", async () => {
  const { submitAs, opened } = surroundings({
    findModel: async (name) => ({ name, types: ALL_TYPES, priceCredits: 30, limits: {}, memoryBytes: null }),
  });
  const answer = await submitAs("TEXT2VIDEO", { prompt: "a cat runs" });
  expect(answer).toMatchObject({ taskId: expect.stringMatching(/^t2v_/), duration: 4, fps: 8, totalFrames: 32, cost: 30 });
  expect(opened).toMatchObject([{ model: "stable-video-diffusion", parameters: { steps: 25, motionBucketId: 127 } }]);
});
