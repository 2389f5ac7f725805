import stringWidth from "string-width";
import { expect, test } from "vitest";
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
  expect(viewLines(state, 100)).toEqual([
    "TEXT2IMG sdxl  [███████████████░░░░░░░░░░░░░░░]  sampling 10/20  1:05",
    "box · working · 3 waiting · 40 credits today · 12 drawn · 1 failed · 1 to deliver",
  ]);
});

test.each<[string, Partial<ViewState>]>([
  ["ready for work", {}],
  ["no work: nothing waits that it could run", { idleBecause: "nothing waits that it could run" }],
  ["paused by the edge", { edgeState: "paused" }],
  ["resting: the GPU has 90 degrees", { restingBecause: "the GPU has 90 degrees", idleBecause: "paused" }],
  ["no line to the edge: trying again", { isConnected: false }],
  ["leaving once what runs is done", { isLeaving: true, running: [TASK] }],
  ["working, 1 of 2 slots", { running: [TASK], slots: 2 }],
])("says %s", (words, change) => {
  expect(viewLines({ ...READY, ...change }, 100).at(-1)).toBe(`box · ${words} · 0 drawn`);
});

test("before the engine has said a step, and in a phase without steps, the bar is empty", () => {
  const starting = viewLines({ ...READY, running: [{ ...TASK, phase: null, step: 0, totalSteps: 0, elapsedMs: 400 }] }, 60)[0];
  expect(starting).toBe(`TEXT2IMG sdxl  [${"░".repeat(27)}]  starting  0:00`);
  const loading = viewLines({ ...READY, running: [{ ...TASK, phase: "loading", step: 0, totalSteps: 0, elapsedMs: 3_725_000 }] }, 80)[0];
  expect(loading).toContain("]  loading  1:02:05");
});

test.each([200, 80, 60, 40, 30, 20])("no line is wider than %i columns, in Chinese neither", (columns) => {
  const running = [TASK, { ...TASK, model: "水墨画与工笔花鸟画专用模型二号" }];
  const lines = viewLines({ ...READY, running, name: "地下室的机器", idleBecause: "没有任务在等待".repeat(10) }, columns);
  expect(lines).toHaveLength(3);
  expect(Math.max(...lines.map((line) => stringWidth(line)))).toBeLessThanOrEqual(columns);
});

test("a narrow terminal gives up the bar, then the end of the model's name, and keeps the step", () => {
  const running = [{ ...TASK, model: "水墨画模型" }];
  expect(viewLines({ ...READY, running }, 44)[0]).toBe("TEXT2IMG 水墨画模型  sampling 10/20  1:05");
  expect(viewLines({ ...READY, running }, 36)[0]).toBe("TEXT2IMG 水墨…  sampling 10/20  1:05");
});

test("many tasks leave the log its room", () => {
  const lines = viewLines({ ...READY, slots: 20, running: Array.from({ length: 20 }, () => TASK) }, 80);
  expect(lines).toHaveLength(10);
  expect(lines[8]).toBe("and 12 more");
});

test("words of the edge cannot move the cursor or set the window's title", () => {
  const idleBecause = "a\u001B[2Jb\u001B]0;title\u0007c\u202Ed\re";
  expect(viewLines({ ...READY, idleBecause }, 80)[0]).toBe("box · no work: abc d e · 0 drawn");
});
