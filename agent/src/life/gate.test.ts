import { expect, test, vi } from "vitest";
import { aLog } from "../../test/builders.ts";
import type { RestRules } from "../config/agent-config.ts";
import { Gate, type GateDeps } from "./gate.ts";
import type { Vitals } from "./rest.ts";

const RULES: RestRules = {
  hours: [],
  isIdleOnly: false,
  coolDownMs: 0,
  maxTemperatureCelsius: 87,
  minFreeDiskBytes: 0,
  minFreeMemoryBytes: 0,
  freeAfterMs: 1e9,
};
const WELL: Vitals = {
  freeDiskBytes: null,
  isDiskRefusing: false,
  freeMemoryBytes: null,
  temperatureCelsius: null,
  usedByOthers: null,
  engineTrouble: null,
};

function aGate(deps: Partial<GateDeps> = {}) {
  const log = aLog();
  const freed: string[] = [];
  const freeMemory = async () => void freed.push("freed");
  const rest = { rules: RULES, isWorking: () => false, keepPause: async () => {}, onChange: () => {} };
  const gate = new Gate({ ...rest, look: async () => ({ vitals: WELL, gpus: [] }), freeMemory, log, ...deps }, null);
  return { gate, log, freed };
}

test("a pause that cannot be written down holds, frees memory, and ends by itself", async () => {
  const keepPause = async () => {
    throw new Error("ENOSPC: no space left on device");
  };
  const { gate, log, freed } = aGate({ keepPause });
  await gate.pause(Date.now() + 60_000);
  expect(gate.restingBecause).toMatch(/^paused by its owner until /);
  expect(freed).toHaveLength(1);
  await gate.pause(Date.now() - 1);
  await gate.check();
  expect(gate.restingBecause).toBeNull();
  expect(log.events.filter((event) => event.startsWith("pause-not-kept"))).toHaveLength(3);
});

test("a look that was asked for during another one begins after it, and sees what has happened since", async () => {
  let isDiskRefusing = false;
  const looks: PromiseWithResolvers<void>[] = [];
  const look = async () => {
    const vitals = { ...WELL, isDiskRefusing };
    const ended = Promise.withResolvers<void>();
    looks.push(ended);
    await ended.promise;
    return { vitals, gpus: [] };
  };
  const { gate } = aGate({ look });
  const first = gate.check();
  isDiskRefusing = true;
  const after = Promise.all([gate.check(), gate.check()]);
  looks[0]?.resolve();
  await first;
  expect(gate.restingBecause).toBeNull();
  await vi.waitFor(() => expect(looks).toHaveLength(2));
  looks[1]?.resolve();
  await after;
  expect(gate.restingBecause).toBe("its disk takes no more files");
  expect(looks).toHaveLength(2);
});

test("a look never rejects, whatever goes wrong", async () => {
  const { gate, log } = aGate({
    onChange: () => {
      throw new Error("the line is gone");
    },
  });
  await expect(gate.check()).resolves.toBeUndefined();
  expect(log.events).toContain("look-failed: Cannot judge this machine: the line is gone");
});
