import stringWidth from "string-width";
import { expect, test } from "vitest";
import { inBlackAndWhite, inColour } from "./paint.ts";
import { viewLines, type ViewState } from "./view-lines.ts";

const READY: ViewState = {
  name: "box",
  isConnected: true,
  isLeaving: false,
  restingBecause: null,
  idleBecause: null,
  edgeState: null,
  waitingTasks: null,
  earnedToday: null,
  slots: 1,
  running: [],
  undelivered: 0,
  drawn: 0,
  failed: 0,
};

const plain = (state: ViewState, columns: number) => viewLines(state, columns, inBlackAndWhite);

const TASK: ViewState["running"][number] = {
  attemptId: "a1",
  type: "TEXT2IMG",
  model: "sdxl",
  engine: "comfyui",
  phase: "sampling",
  step: 10,
  totalSteps: 20,
  elapsedMs: 65_000,
};

test("each running task has its bar, step and time, and the last line says how the agent is", () => {
  const state = { ...READY, running: [TASK], waitingTasks: 3, earnedToday: 40, drawn: 12, failed: 1, undelivered: 1 };
  expect(plain(state, 100)).toEqual([
    "",
    "  TEXT2IMG sdxl  ███████████████░░░░░░░░░░░░░░░  sampling 10/20  1:05",
    "● box · working · 3 waiting · 40 credits today · 12 drawn · 1 failed · 1 to deliver",
  ]);
});

const taskLineOf = (change: Partial<typeof TASK>, columns: number) => plain({ ...READY, running: [{ ...TASK, ...change }] }, columns)[1];

test("the bar is empty before the first step, and full once all are done", () => {
  const starting = taskLineOf({ phase: null, step: 0, totalSteps: 0, elapsedMs: 400 }, 60);
  expect(starting).toBe(`  TEXT2IMG sdxl  ${"░".repeat(27)}  starting  0:00`);
  expect(taskLineOf({ phase: "loading", step: 0, totalSteps: 1, elapsedMs: 3_725_000 }, 80)).toMatch(/░{30} {2}loading {2}1:02:05$/);
  expect(taskLineOf({ phase: "encoding", step: 0, totalSteps: 1 }, 80)).toMatch(/█{30} {2}encoding {2}1:05$/);
});

test.each([200, 80, 60, 40, 30, 20])("no line is wider than %i columns, in Chinese neither, nor in colour", (columns) => {
  const running = [TASK, { ...TASK, model: "水墨画与工笔花鸟画专用模型二号" }];
  const state = { ...READY, running, name: "地下室的机器", edgeState: "paused" as const, idleBecause: "没有任务在等待".repeat(10) };
  for (const paint of [inColour, inBlackAndWhite]) {
    const lines = viewLines(state, columns, paint);
    expect(lines).toHaveLength(4);
    expect(Math.max(...lines.map((line) => stringWidth(line)))).toBeLessThanOrEqual(columns);
  }
});

test("a narrow terminal gives up the bar, then the end of the model's name, and keeps the step", () => {
  expect(taskLineOf({ model: "水墨画模型" }, 46)).toBe("  TEXT2IMG 水墨画模型  sampling 10/20  1:05");
  expect(taskLineOf({ model: "水墨画模型" }, 38)).toBe("  TEXT2IMG 水墨…  sampling 10/20  1:05");
});

test("many tasks leave the log its room", () => {
  const lines = plain({ ...READY, slots: 20, running: Array.from({ length: 20 }, () => TASK) }, 80);
  expect(lines).toHaveLength(11);
  expect(lines[9]).toBe("  and 12 more");
});

test("words of the edge cannot move the cursor or set the window's title", () => {
  const idleBecause = "a\u001B[2Jb\u001B]0;title\u0007c\u202Ed\re";
  expect(plain({ ...READY, idleBecause }, 80)[1]).toBe("● box · no work: abc d e · 0 drawn");
});

test("the dot is green while all is well, yellow while it waits for somebody, and red when it is sent away", () => {
  const last = (change: Partial<ViewState>) => viewLines({ ...READY, ...change }, 80, inColour).at(-1);
  expect(last({})).toContain("\u001B[32m●\u001B[39m");
  expect(last({ restingBecause: "paused by its owner" })).toContain("\u001B[33m●\u001B[39m");
  expect(last({ isConnected: false })).toContain("\u001B[33m●\u001B[39m");
  expect(last({ edgeState: "quarantined" })).toContain("\u001B[31m●\u001B[39m");
});
