import { describe, expect, test } from "vitest";
import { poseAt, timelineOf, type PixelPlacement } from "./motion.ts";

const KINDS: Partial<PixelPlacement>[] = [
  { role: "sky", art: "dove", kind: "animal-bird" },
  { role: "ground", art: "cat", kind: "animal-mammal", action: "running" },
  { role: "ground", art: "automobile", kind: "transport-ground" },
  { role: "water", art: "sailboat", kind: "transport-water" },
  { role: "water", art: "fish", kind: "animal-marine" },
  { role: "plant", art: "tulip", kind: "plant-flower" },
  { role: "bust", art: "robot", kind: "face-costume", action: "dancing" },
  { role: "float", art: "astronaut", kind: "person-role" },
];

function aThing(changes: Partial<PixelPlacement>): PixelPlacement {
  return {
    slot: 1,
    x: 120,
    width: 60,
    height: 80,
    isMirrored: false,
    role: "ground",
    action: undefined,
    art: "cat",
    kind: "animal-mammal",
    ...changes,
  };
}

describe.each(KINDS)("the path of %o", (kind) => {
  test("closes when the video is a loop", () => {
    const timeline = timelineOf(4, true, 127);
    const [start, end] = [poseAt(aThing(kind), 0, 512, timeline), poseAt(aThing(kind), 1, 512, timeline)];
    for (const key of ["dx", "dy", "angle", "scaleX", "scaleY"] as const) expect(end[key]).toBeCloseTo(start[key], 6);
  });

  test("moves at some moment", () => {
    const timeline = timelineOf(4, false, 127);
    const poses = [0.1, 0.3, 0.6, 0.9].map((share) => JSON.stringify(poseAt(aThing(kind), share, 512, timeline)));
    expect(new Set(poses).size).toBeGreaterThan(1);
  });
});

test("a castle stays where it is", () => {
  const timeline = timelineOf(4, false, 255);
  const castle = aThing({ role: "tall", art: "castle", kind: "place-building" });
  expect(poseAt(castle, 0.7, 512, timeline)).toEqual(poseAt(castle, 0.1, 512, timeline));
});
