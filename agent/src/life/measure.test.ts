import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { temporaryFolder } from "../../test/run-in-process.ts";
import type { RestRules } from "../config/agent-config.ts";
import { Machine } from "./measure.ts";

const RULES: RestRules = {
  hours: [],
  isIdleOnly: true,
  coolDownMs: 0,
  maxTemperatureCelsius: 87,
  minFreeDiskBytes: 0,
  minFreeMemoryBytes: 0,
  freeAfterMs: 0,
};

beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] }));
afterEach(() => void vi.useRealTimers());

/** A box whose `nvidia-smi` says one load after the other, and then the last again. */
async function aBox(percents: readonly number[], rules = RULES) {
  const left = [0, ...percents];
  const run = async (command: string) => {
    const [percent = 0] = left.length > 1 ? left.splice(0, 1) : left;
    return command === "nvidia-smi" ? `RTX 4090, 24564, 20000, ${percent}, 50\n` : null;
  };
  const machine = new Machine(await temporaryFolder(), { canKeep: async () => true }, rules, () => [], run);
  await machine.findGpus();
  return async (isWorking: boolean) => {
    const looking = machine.look(isWorking);
    await vi.advanceTimersByTimeAsync(2_000);
    return (await looking).vitals.usedByOthers;
  };
}

test("a GPU that still shows the task that has just ended is nobody else's", async () => {
  const usedBy = await aBox([97, 0]);
  expect(await usedBy(false)).toBeNull();
});

test("a GPU that stays busy without a task of ours is somebody else's", async () => {
  const usedBy = await aBox([97, 96]);
  expect(await usedBy(false)).toBe("GPU");
});

test("while a task of ours runs its load is ours", async () => {
  const usedBy = await aBox([97]);
  expect(await usedBy(true)).toBeNull();
});
