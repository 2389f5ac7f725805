import type { GraphBuilder } from "../graph.ts";

/*
 * A loop plays its frames again from the last but one to the second. No core node turns a batch round, so the way back is joined frame by
 * frame; and ComfyUI keeps what every node of a prompt has made until the next prompt, each join a tensor of its own.
 */

/** What the joins of one loop may hold in the server's memory; without a limit a long video in large frames takes the machine down. */
const MAX_LOOP_BYTES = 4 * 1024 ** 3;
/** Red, green and blue, each a float of four bytes. */
const PIXEL_BYTES = 12;

export const LOOP_LEFT_OUT = "视频过大，未作循环 (too large for a loop: it plays forwards only)";

export const loopFrames = (frames: number): number => 2 * frames - 2;

/** Whether a loop of so many frames is within what the server may be made to hold. */
export function canLoop(frames: number, { width, height }: { width: number; height: number }): boolean {
  const back = frames - 2;
  if (back < 1) return false;
  // The frames one by one, each level of joins over all of them, and the whole loop.
  const held = back * (1 + Math.ceil(Math.log2(back))) + loopFrames(frames);
  return held * width * height * PIXEL_BYTES <= MAX_LOOP_BYTES;
}

/** @returns the link to the whole loop. */
export function thereAndBack(builder: GraphBuilder, pictures: unknown, frames: number): unknown {
  const back = Array.from({ length: frames - 2 }, (_, at) => frames - 2 - at).map((index): unknown => [
    builder.add("ImageFromBatch", { image: pictures, batch_index: index, length: 1 }),
    0,
  ]);
  return [builder.add("ImageBatch", { image1: pictures, image2: joined(builder, back) }), 0];
}

/** Joined two and two and two again: one after another, each join would hold all frames before it once more. */
function joined(builder: GraphBuilder, pictures: readonly unknown[]): unknown {
  if (pictures.length <= 1) return pictures[0];
  const middle = Math.ceil(pictures.length / 2);
  const [image1, image2] = [joined(builder, pictures.slice(0, middle)), joined(builder, pictures.slice(middle))];
  return [builder.add("ImageBatch", { image1, image2 }), 0];
}
