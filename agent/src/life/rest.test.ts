import { expect, test } from "vitest";
import type { RestRules } from "../config/agent-config.ts";
import { AT_EASE, observe, observeEnd, reasonToRest, type RestState, type Vitals } from "./rest.ts";

const RULES: RestRules = {
  hours: [],
  isIdleOnly: false,
  coolDownMs: 300_000,
  maxTemperatureCelsius: 87,
  minFreeDiskBytes: 1e9,
  minFreeMemoryBytes: 250e6,
  freeAfterMs: 600_000,
};
const WELL: Vitals = {
  freeDiskBytes: 50e9,
  isDiskRefusing: false,
  freeMemoryBytes: 8e9,
  temperatureCelsius: 60,
  usedByOthers: null,
  engineTrouble: null,
};
const NOON = { unixMs: 1_700_000_000_000, steadyMs: 5_000_000, minuteOfDay: 720 };

const reason = (vitals: Partial<Vitals> = {}, rules: Partial<RestRules> = {}, state: Partial<RestState> = {}, now = NOON) =>
  reasonToRest({ ...RULES, ...rules }, { ...AT_EASE, ...state }, { ...WELL, ...vitals }, now);

test("a box that is well works, and so does one that says nothing of itself", () => {
  expect(reason()).toBeNull();
  expect(reason({ freeDiskBytes: null, freeMemoryBytes: null, temperatureCelsius: null })).toBeNull();
});

test.each([
  ["paused", reason({}, {}, { pausedUntilMs: Infinity }), "paused by its owner"],
  ["paused for a while", reason({}, {}, { pausedUntilMs: NOON.unixMs + 1 }), "paused by its owner until 2023-11-14 22:13 UTC"],
  ["at the wrong hour", reason({}, { hours: [{ fromMinute: 1320, toMinute: 420 }] }), "outside the hours its owner set"],
  ["at the right hour", reason({}, { hours: [{ fromMinute: 700, toMinute: 800 }] }), null],
  ["with a full disk", reason({ freeDiskBytes: 9e8 }), "less than 1.0 GB of disk is free"],
  ["refused by its disk", reason({ isDiskRefusing: true }), "its disk takes no more files"],
  ["without memory", reason({ freeMemoryBytes: 1e8 }), "less than 250 MB of memory is free"],
  ["too hot", reason({}, {}, { isHot: true }), "a GPU is hotter than 87 °C"],
  ["with a dead engine", reason({ engineTrouble: "ComfyUI does not answer" }), "ComfyUI does not answer"],
])("rests when it is %s, in words that stay the same", (_, words, expected) => {
  expect(words).toBe(expected);
});

test("a GPU that got too hot has to become a good deal cooler", () => {
  const at = (state: RestState, temperatureCelsius: number) => observe(state, RULES, { ...WELL, temperatureCelsius }, NOON);
  const hot = at(AT_EASE, 87);
  expect([at(AT_EASE, 86).isHot, hot.isHot, at(hot, 80).isHot, at(hot, 76).isHot]).toEqual([false, true, true, false]);
});

test("in idle-only mode it waits until nobody has used the box for the cool-down; without it, it does not care", () => {
  const used = observe(AT_EASE, RULES, { ...WELL, usedByOthers: "GPU" }, NOON);
  // The owner's clock is set back meanwhile, which changes nothing.
  const after = (ms: number) => ({ ...NOON, unixMs: NOON.unixMs - 3_600_000, steadyMs: NOON.steadyMs + ms });
  expect(reason({}, { isIdleOnly: true }, used, after(299_999))).toBe("somebody else uses the GPU");
  expect(reason({}, { isIdleOnly: true }, used, after(300_000))).toBeNull();
  expect(reason({}, {}, used)).toBeNull();
  const typed = observe(used, RULES, { ...WELL, usedByOthers: "keyboard" }, after(1000));
  expect(reason({}, { isIdleOnly: true }, typed)).toBe("somebody uses this machine");
});

test("a pause ends by itself", () => {
  const paused = { ...AT_EASE, pausedUntilMs: NOON.unixMs };
  expect(observe(paused, RULES, WELL, { ...NOON, unixMs: NOON.unixMs - 1 }).pausedUntilMs).toBe(NOON.unixMs);
  expect(observe(paused, RULES, WELL, NOON).pausedUntilMs).toBeNull();
  expect(observe({ ...AT_EASE, pausedUntilMs: Infinity }, RULES, WELL, NOON).pausedUntilMs).toBe(Infinity);
});

test("an engine that has lost the GPU is left alone for a while, or until it was started again", () => {
  const reasonAfter = (state: RestState, ms: number) => reason({}, {}, state, { ...NOON, steadyMs: NOON.steadyMs + ms });
  const lost = observeEnd(AT_EASE, true, NOON.steadyMs);
  expect(reasonAfter(observe(lost, RULES, WELL, NOON), 119_999)).toBe("its engine has lost the GPU: restart the engine");
  expect(reasonAfter(lost, 120_000)).toBeNull();
  expect(reasonAfter(observeEnd(lost, false, NOON.steadyMs), 0)).toBeNull();
  const isStarting = { ...WELL, engineTrouble: "comfyui: is starting" };
  expect(reasonAfter(observe(lost, RULES, isStarting, NOON), 0)).toBeNull();
});
