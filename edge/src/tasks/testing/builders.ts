import type { TaskRow } from "../store.ts";

/** A waiting task of user 1001, as D1 has it. */
export function aTaskRow(over: Partial<TaskRow> = {}): TaskRow {
  return {
    id: "task-1",
    userId: 1001,
    type: "TEXT2IMG",
    status: "PENDING",
    model: "scene",
    prompt: "a cat",
    parameters: { prompt: "a cat", negativePrompt: "dogs", width: 1024, height: 1024 },
    cost: 10,
    clientId: null,
    pool: "public",
    shard: 0,
    attemptId: null,
    attemptCount: 0,
    failureCount: 0,
    createTime: Date.UTC(2024, 9, 2, 10),
    startTime: null,
    completeTime: null,
    servedBy: null,
    notes: null,
    errorName: null,
    errorMessage: null,
    inputId: null,
    startBy: null,
    finishBy: null,
    callbackUrl: null,
    retryOf: null,
    ...over,
  };
}
