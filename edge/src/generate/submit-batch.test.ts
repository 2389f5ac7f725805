import { BatchBody, GenerateAnswer } from "@star-graph/shared/rest/generate";
import { expect, test, vi } from "vitest";
import type { NewTask } from "../billing/ledger.ts";
import type { AnswerRecord } from "../idempotency/request-key.ts";
import { toBatchAnswer } from "./batch-answer.ts";
import { submitBatch, type SubmitBatchDeps } from "./submit-batch.ts";

const NOW = Date.UTC(2024, 9, 2);
const THREE = BatchBody.parse({ tasks: ["a", "b", "c"].map((prompt) => ({ type: "TEXT2IMG", prompt })) }).tasks;

/** A Worker's surroundings with a table of answers; `open` decides what becomes of each task. */
function surroundings(open: (task: NewTask) => "opened" | "insufficient") {
  const records: AnswerRecord[] = [];
  const prompts: string[] = [];
  const nothing = async () => null;
  const deps: SubmitBatchDeps = {
    findModel: async (name) => ({ name, types: ["TEXT2IMG"], priceCredits: 10, limits: {}, memoryBytes: null }),
    poolsOf: async () => ["public"],
    admit: async () => ({ admitted: true, queuePosition: 1, estimatedSeconds: 10, estimatedRange: { low: 5, high: 20 } }),
    vipOf: async () => null,
    release: async () => {},
    reserve: async () => ({ admitted: false, reason: "NO_GPU" }),
    shardsFor: async (pool) => [{ pool, shard: 0 }],
    openTask: async (task, record) => {
      const outcome = open(task);
      if (outcome === "opened" && record) records.push(record);
      return outcome;
    },
    enqueue: async (_pool, { taskId }) => void prompts.push(taskId),
    moderate: async () => {},
    randomBytes: (length) => crypto.getRandomValues(new Uint8Array(length)),
    addInput: async () => {},
    removeInput: async () => {},
    keepInputUntil: async () => {},
    findOwnInput: nothing,
    readOwnResult: nothing,
    fetch: () => Promise.reject(new Error("nothing is to be fetched")),
    allowedHosts: [],
    publicBaseUrl: "https://api.test",
    publicFilesUrl: "https://files.test",
    findAnswer: async (_user, key, item) => {
      const [any] = records;
      return any?.key === key ? { bodyHash: any.bodyHash, answer: records.find((record) => record.item === item)?.answer ?? null } : null;
    },
  };
  return { deps, records, prompts };
}

test("a fault in the middle of a batch is that task's answer: what was taken is told", async () => {
  vi.spyOn(console, "error").mockReturnValue();
  const { deps } = surroundings(({ prompt }) => {
    if (prompt === "b") throw Object.assign(new Error("D1 went away"), { retryable: true });
    return "opened";
  });
  const answer = toBatchAnswer(await submitBatch(deps, 1001, THREE, null, NOW), "en");
  expect(answer.accepted).toBe(2);
  expect(answer.results).toMatchObject([
    { code: 200, data: { taskId: expect.any(String) } },
    { code: 503, message: "Unavailable, try again later" },
    { code: 200, data: { taskId: expect.any(String) } },
  ]);
  vi.restoreAllMocks();
});

test("a batch that is repeated after a fault makes only the tasks that are missing", async () => {
  let hasRoom = false;
  const { deps, prompts } = surroundings(({ prompt }) => (prompt === "b" && !hasRoom ? "insufficient" : "opened"));
  const key = { key: "k", item: 0, bodyHash: "hash" };
  const first = toBatchAnswer(await submitBatch(deps, 1001, THREE, key, NOW), "en");
  expect(first.results.map(({ code }) => code)).toEqual([200, "E002", 200]);
  hasRoom = true;
  const second = toBatchAnswer(await submitBatch(deps, 1001, THREE, key, NOW), "en");
  expect(second.accepted).toBe(3);
  expect(second.results[0]).toEqual(first.results[0]);
  expect(second.results[2]).toEqual(first.results[2]);
  expect(prompts).toHaveLength(3);
  expect(GenerateAnswer.safeParse(second.results[1]?.data).success).toBe(true);
});
