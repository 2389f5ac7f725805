import { describe, expect, test } from "vitest";
import { fiveModels, oneAmongAThousand, shares, streamOfNewcomers } from "../testing/simulations.ts";

/* The real decisions on the real store; `pnpm bench:dispatch` runs the same for longer and prints the figures. */

describe("fairness", () => {
  test.each([1_000, 63_000, 907_000])(
    "lets one task start within two task lengths of a thousand of one other user (after %i ms)",
    (afterMs) => {
      const { waitMs, taskMs } = oneAmongAThousand(afterMs);
      expect(waitMs).toBeLessThanOrEqual(2 * taskMs);
    },
  );

  test("gives VIP 3 and VIP 0 four to one, within a tenth", () => {
    const [ordinary, vip] = shares([0, 3], 7, 40);
    expect(vip).toBeGreaterThan(0.8 * 0.9);
    expect(vip).toBeLessThan(0.8 * 1.1);
    expect(ordinary).toBeGreaterThan(0.2 * 0.9);
  });

  test("bounds the longest wait while newcomers keep coming", () => {
    // Ten minutes, and then eight times what the twenty tasks take on four slots.
    expect(streamOfNewcomers(20)).toBeLessThanOrEqual(600_000 + 8 * (20 / 4) * 10_000);
  });
});

describe("affinity", () => {
  test("reloads five times less than first come, first served, and keeps nobody waiting beyond its bound", () => {
    const fair = fiveModels(3, { load: 0.5, isAffine: false, minutes: 60 });
    const affine = fiveModels(3, { load: 0.5, isAffine: true, minutes: 60 });
    expect(fair.reloads / fair.served).toBeGreaterThan(5 * (affine.reloads / affine.served));
    // Passed over for two loads at most, then first in line for an agent that is busy with a load and a task.
    expect(affine.worstWaitMs).toBeLessThanOrEqual(2 * 30_000 + 30_000 + 10_000);
    expect(affine.meanWaitMs).toBeLessThan(fair.meanWaitMs);
  });
});
