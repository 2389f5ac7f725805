import type { EngineTask } from "@star-graph/shared/rest/generate";
import { outputOf } from "@star-graph/shared/work";
import { EngineError } from "../engine.ts";
import { onCanvas } from "../media/canvas.ts";
import { inspectMedia, type Sides } from "../media/inspect.ts";
import type { Order } from "./server.ts";

/** A WebUI cuts the sides of what it enlarges down to multiples of this (`modules/upscaler.py`). */
const MULTIPLE = 8;

/** The sides that a picture needs so that nothing of it is cut off; null where it has them. */
export function sidesToEnlarge({ width, height }: Sides, scaleFactor: 2 | 4): Sides | null {
  const step = MULTIPLE / scaleFactor;
  const wanted = { width: Math.ceil(width / step) * step, height: Math.ceil(height / step) * step };
  return wanted.width === width && wanted.height === height ? null : wanted;
}

/** An upscale that a WebUI cannot round: its picture filled up at the edges. Any other order is as it was. */
export async function fillUp(order: Order): Promise<Order> {
  const { task, image } = order;
  const had = image && inspectMedia(image.bytes);
  const wanted = task.type === "UPSCALE" && had ? sidesToEnlarge(had, task.parameters.scaleFactor) : null;
  if (!image || !wanted) return order;
  const bytes = await onCanvas(image.bytes, wanted);
  if (!bytes) throw new EngineError("BAD_REQUEST", "the input picture cannot be read", { isRetryable: false });
  return { ...order, image: { bytes, format: "PNG" } };
}

/** What was made of a picture that was filled up, without what was added. Of another size it is left for the judge of results. */
export async function cutBack(picture: Uint8Array, task: EngineTask): Promise<Uint8Array> {
  if (task.type !== "UPSCALE") return picture;
  const { scaleFactor, imageWidth, imageHeight } = task.parameters;
  const filled = sidesToEnlarge({ width: imageWidth, height: imageHeight }, scaleFactor);
  const made = inspectMedia(picture);
  if (!filled || made?.width !== filled.width * scaleFactor || made.height !== filled.height * scaleFactor) return picture;
  return (await onCanvas(picture, outputOf(task))) ?? picture;
}
