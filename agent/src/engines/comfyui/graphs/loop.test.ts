import { describe, expect, test } from "vitest";
import { GraphBuilder } from "../graph.ts";
import { canLoop, loopFrames, thereAndBack } from "./loop.ts";

/** What is played, and how many frames the nodes of the loop hold while it is made. */
function loopOf(frames: number): { played: number[]; held: number } {
  const builder = new GraphBuilder(new Map());
  const pictures = builder.add("VAEDecode", {});
  const played = new Map<unknown, number[]>([[pictures, Array.from({ length: frames }, (_, frame) => frame)]]);
  const whole = thereAndBack(builder, [pictures, 0], frames);
  const of = (link: unknown): number[] => played.get((link as [string, number])[0]) ?? [];
  let held = 0;
  // A node is added after those that it takes from.
  for (const [id, { class_type: name, inputs }] of Object.entries(builder.graph)) {
    if (name === "ImageBatch") played.set(id, [...of(inputs["image1"]), ...of(inputs["image2"])]);
    if (name === "ImageFromBatch") played.set(id, [of(inputs["image"])[Number(inputs["batch_index"])] ?? -1]);
    if (id !== pictures) held += played.get(id)?.length ?? 0;
  }
  return { played: of(whole), held };
}

describe("a loop", () => {
  test.each([3, 4, 14, 25, 121])("of %i frames plays there and back, and neither end twice", (frames) => {
    const { played } = loopOf(frames);
    const there = Array.from({ length: frames }, (_, frame) => frame);
    expect(played).toEqual([...there, ...there.slice(1, -1).toReversed()]);
    expect(played).toHaveLength(loopFrames(frames));
  });

  test("never makes ComfyUI hold more than 4 GiB: a larger one is not made", () => {
    const sizes = [14, 25, 81, 121, 257].flatMap((frames) => [256, 512, 768, 1024].map((side) => ({ frames, width: side, height: side })));
    const made = sizes.filter(({ frames, ...size }) => canLoop(frames, size));
    expect(made.length).toBeGreaterThan(10);
    for (const { frames, width, height } of made) expect(loopOf(frames).held * width * height * 12).toBeLessThanOrEqual(4 * 1024 ** 3);
    expect(sizes.filter(({ frames, ...size }) => !canLoop(frames, size)).length).toBeGreaterThan(3);
  });

  test("needs three frames", () => {
    expect(canLoop(2, { width: 64, height: 64 })).toBe(false);
  });
});
