import { describe, expect, test, vi } from "vitest";
import { performDuty } from "./perform-duty.ts";
import { aCompletion, anAttempt, aTask } from "../testing/builders.ts";
import { Book } from "../testing/book.ts";
import type { Duty } from "../queue/types.ts";

const attempt = anAttempt();
const completed: Duty = { kind: "completed", taskId: "task-1", attempt, report: aCompletion("attempt-1"), at: 1 };
const failed: Duty = { kind: "failed", taskId: "task-1", attempt, error: "MODEL_LOAD_FAILED", message: "no file", at: 1 };
const cancelled: Duty = { kind: "cancelled", taskId: "task-1", attempt, at: 1 };
const stopped: Duty = { kind: "stopped", taskId: "task-1", attempt, at: 1 };
const lost: Duty = { kind: "lost", taskId: "task-1", attempt, outcome: "LOST", reason: "gone", at: 1 };

/** `task-1` is processed as `attempt-1`, whose file is there. */
async function started(clientId: string | null = null): Promise<Book> {
  const book = new Book();
  book.open(aTask({ clientId }));
  await performDuty(book, { kind: "started", taskId: "task-1", attempt, at: 1 });
  book.stored.add("attempt-1");
  return book;
}

describe("the duty of a started attempt", () => {
  test("is recorded, and may be repeated", async () => {
    const book = await started();
    expect(await performDuty(book, { kind: "started", taskId: "task-1", attempt, at: 1 })).toEqual({ kind: "done" });
    expect(book.status("task-1")).toBe("PROCESSING");
  });

  test("is refused when the task has ended", async () => {
    const book = new Book();
    book.open(aTask());
    book.cancel("task-1");
    expect(await performDuty(book, { kind: "started", taskId: "task-1", attempt, at: 1 })).toEqual({ kind: "start-refused" });
  });
});

describe("the duty of a completed attempt", () => {
  test("settles the task and tells its user, the second time only the user", async () => {
    const book = await started("mine");
    expect(await performDuty(book, completed)).toEqual({ kind: "ended", outcome: "settled" });
    expect(await performDuty(book, completed)).toEqual({ kind: "ended", outcome: "already" });
    expect(book.published).toHaveLength(2);
    expect(book.published[0]).toEqual({
      type: "result",
      taskId: "task-1",
      clientId: "mine",
      status: "COMPLETED",
      results: [{ url: "https://files.test/attempt-1/0.png", thumbnailUrl: "https://files.test/attempt-1/0_thumb.png" }],
    });
  });

  test("without its files settles nothing", async () => {
    const book = await started();
    book.stored.clear();
    expect(await performDuty(book, completed)).toEqual({ kind: "result-unusable", reason: "missing: file 0 or its thumbnail" });
    expect(book.status("task-1")).toBe("PROCESSING");
  });

  test("whose task nobody can read settles nothing, and is not tried again and again", async () => {
    vi.spyOn(console, "error").mockImplementation(() => {});
    const book = await started();
    const row = await book.findTask("task-1");
    book.findTask = async () => row && { ...row, parameters: {} };
    expect(await performDuty(book, completed)).toEqual({ kind: "result-unusable", reason: "the task cannot be read" });
    expect(book.status("task-1")).toBe("PROCESSING");
  });

  test("that D1 refuses removes the files and tells of the cancel that was first", async () => {
    const book = await started();
    book.cancel("task-1");
    expect(await performDuty(book, completed)).toEqual({ kind: "ended", outcome: "refused" });
    expect(book.stored.size).toBe(0);
    expect(book.published).toMatchObject([{ type: "result", status: "CANCELLED", results: [] }]);
  });
});

describe("the duty of a failed task", () => {
  test("settles it, removes what the attempt left, and tells its user the document's code", async () => {
    const book = await started();
    expect(await performDuty(book, failed)).toEqual({ kind: "ended", outcome: "settled" });
    expect(book.stored.size).toBe(0);
    expect(book.published).toEqual([{ type: "error", taskId: "task-1", code: "E001", message: "生成失败：模型加载失败" }]);
  });

  test("that was completed by another attempt tells nobody anything", async () => {
    const book = await started();
    await performDuty(book, completed);
    book.published.length = 0;
    expect(await performDuty(book, { ...failed, attempt: anAttempt({ id: "attempt-0" }) })).toEqual({ kind: "ended", outcome: "refused" });
    expect(book.published).toEqual([]);
  });
});

describe("the duty of a task that waited too long", () => {
  const late: Duty = { kind: "failed", taskId: "task-1", attempt: null, error: "TASK_TIMEOUT", message: "it waited too long", at: 1 };

  test("ends it", async () => {
    const book = new Book();
    book.open(aTask());
    expect(await performDuty(book, late)).toEqual({ kind: "ended", outcome: "settled" });
    expect(book.status("task-1")).toBe("FAILED");
  });

  test("leaves one alone that runs in a shard which it was moved to", async () => {
    const book = await started();
    expect(await performDuty(book, late)).toEqual({ kind: "ended", outcome: "refused" });
    expect([book.status("task-1"), book.published, book.stored.size]).toEqual(["PROCESSING", [], 1]);
  });
});

describe("the duty of a cancel", () => {
  test("tells the user and removes what the attempt had brought", async () => {
    const book = await started();
    book.cancel("task-1");
    await performDuty(book, cancelled);
    expect(book.published).toEqual([{ type: "result", taskId: "task-1", status: "CANCELLED", results: [], stopping: true }]);
    expect(book.stored.size).toBe(0);
  });

  test("of a task that no agent had says nothing of stopping", async () => {
    const book = new Book();
    book.open(aTask());
    book.cancel("task-1");
    await performDuty(book, { ...cancelled, attempt: null });
    expect(book.published).toEqual([{ type: "result", taskId: "task-1", status: "CANCELLED", results: [] }]);
  });

  test("once the agent has stopped is recorded, and what came in meanwhile goes", async () => {
    const book = await started();
    book.cancel("task-1");
    await performDuty(book, stopped);
    expect(book.stopped).toEqual(new Set(["attempt-1"]));
    expect(book.stored.size).toBe(0);
    expect(book.published).toEqual([]);
  });

  test("of a task that had completed says and removes nothing", async () => {
    const book = await started();
    await performDuty(book, completed);
    book.published.length = 0;
    await performDuty(book, cancelled);
    expect(book.published).toEqual([]);
    expect(book.stored).toEqual(new Set(["attempt-1"]));
  });
});

describe("the duty of a lost attempt", () => {
  test("puts the task back and removes what the attempt had brought", async () => {
    const book = await started();
    await performDuty(book, lost);
    expect(book.status("task-1")).toBe("PENDING");
    expect(book.stored.size).toBe(0);
  });

  test("never removes the files of a completed task", async () => {
    const book = await started();
    await performDuty(book, completed);
    await performDuty(book, lost);
    expect(book.stored).toEqual(new Set(["attempt-1"]));
  });
});

test.each([completed, failed, cancelled, stopped, lost])(
  "a duty fails as a whole while D1 is down, to be repeated ($kind)",
  async (duty) => {
    const book = await started();
    book.isDown = true;
    await expect(performDuty(book, duty)).rejects.toThrow("D1 is down");
    expect(book.published).toEqual([]);
  },
);
