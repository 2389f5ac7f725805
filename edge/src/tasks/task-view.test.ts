import { DEFAULTS } from "@star-graph/shared/defaults";
import { describe, expect, test } from "vitest";
import type { ResultRow } from "./store.ts";
import { toDetail, toListItem } from "./task-view.ts";
import { aTaskRow } from "./testing/builders.ts";

const fileUrl = (key: string) => `https://files.test/${key}`;
const START = Date.UTC(2024, 9, 2, 10);
const RUNNING = { progress: { phase: "sampling", step: 15, totalSteps: 30 } } as const;

function aResultRow(over: Partial<ResultRow> = {}): ResultRow {
  return {
    taskId: "task-1",
    position: 0,
    fileKey: "k/0.png",
    thumbnailKey: "k/0_thumb.png",
    sizeBytes: 70,
    width: 1,
    height: 2,
    format: "PNG",
    expireTime: START + DEFAULTS.retentionMs,
    ...over,
  };
}

const detail = (over: Parameters<typeof aTaskRow>[0] = {}, files: ResultRow[] = [], live?: Parameters<typeof toDetail>[2]) =>
  toDetail(aTaskRow(over), files, live, { fileUrl, language: "zh", now: START });

describe("a task's detail", () => {
  test("of a waiting task has no times yet, and its place in the queue", () => {
    expect(detail({}, [], { queuePosition: 3, waitingFor: { code: "TASKS_AHEAD", tasks: 2 } })).toEqual({
      id: "task-1",
      type: "TEXT2IMG",
      status: "PENDING",
      progress: 0,
      prompt: "a cat",
      negativePrompt: "dogs",
      parameters: { width: 1024, height: 1024 },
      results: [],
      cost: 10,
      queueTime: null,
      processTime: null,
      createTime: "2024-10-02T10:00:00",
      startTime: null,
      completeTime: null,
      queuePosition: 3,
      waitingFor: { code: "TASKS_AHEAD", message: "前面还有 2 个任务" },
    });
    expect(detail()).toMatchObject({ waitingFor: { code: "QUEUE", message: "正在进入队列" } });
  });

  test("of a running task has its phase and step", () => {
    const running = detail({ status: "PROCESSING", startTime: START + 2_400 }, [], RUNNING);
    expect(running).toMatchObject({ progress: 50, phase: "sampling", currentStep: 15, totalSteps: 30, queueTime: 2, processTime: null });
  });

  test("of a completed task has its files, what served it, and no live word that came too late", () => {
    const times = { startTime: START + 1_000, completeTime: START + 12_600 };
    const served = { servedBy: { engine: "e", model: "m" }, notes: ["n"], clientId: "mine" };
    const done = detail({ status: "COMPLETED", ...times, ...served }, [aResultRow()], RUNNING);
    expect(done).toMatchObject({
      progress: 100,
      queueTime: 1,
      processTime: 12,
      servedBy: { engine: "e", model: "m" },
      notes: ["n"],
      clientId: "mine",
    });
    expect(done.results).toEqual([
      {
        url: "https://files.test/k/0.png",
        thumbnailUrl: "https://files.test/k/0_thumb.png",
        size: 70,
        width: 1,
        height: 2,
        format: "PNG",
        expireTime: "2024-11-01T10:00:00",
      },
    ]);
    expect(done).not.toHaveProperty("phase");
  });

  test("of a completed task without files says so when their time is over, not when their owner deleted them", () => {
    const completed = (completeTime: number) => detail({ status: "COMPLETED", completeTime });
    expect(completed(START - DEFAULTS.retentionMs + 1)).not.toHaveProperty("resultsExpired");
    expect(completed(START - DEFAULTS.retentionMs)).toMatchObject({ results: [], resultsExpired: true });
    expect(detail({ status: "COMPLETED", completeTime: 0 }, [aResultRow()])).not.toHaveProperty("resultsExpired");
    expect(detail({ status: "FAILED", completeTime: 0 })).not.toHaveProperty("resultsExpired");
  });

  test("of a failed task has the document's code and what the engine said", () => {
    const error = (errorName: string | null, errorMessage: string | null) => detail({ status: "FAILED", errorName, errorMessage }).error;
    expect(error("MODEL_LOAD_FAILED", "no file")).toEqual({ code: "E001", message: "模型加载失败: no file" });
    expect(error("TASK_TIMEOUT", null)).toEqual({ code: "E008", message: "任务超时" });
    expect(error("A_NAME_OF_ANOTHER_VERSION", null)).toEqual({ code: 500, message: "服务器内部错误" });
  });

  test("of a task whose parameters nobody can read shows everything else", () => {
    expect(detail({ status: "FAILED", parameters: null })).toMatchObject({ parameters: {}, negativePrompt: "", prompt: "a cat" });
  });

  test("says that it is stopping only of a cancelled task", () => {
    expect(detail({ status: "CANCELLED" }, [], { stopping: true })).toMatchObject({ stopping: true });
    expect(detail({ status: "FAILED" }, [], { stopping: true })).not.toHaveProperty("stopping");
  });
});

test("a line of the list has its results as URLs", () => {
  const item = toListItem(aTaskRow({ status: "COMPLETED", completeTime: START + 1_000 }), [aResultRow()], undefined, fileUrl);
  expect(item).toMatchObject({ progress: 100, results: ["https://files.test/k/0.png"], completeTime: "2024-10-02T10:00:01" });
});
