import { EngineError } from "../engine.ts";
import { onCanvas } from "../media/canvas.ts";
import { inspectMedia, type Sides } from "../media/inspect.ts";

/** stable-diffusion.cpp draws the next multiple of this, whatever it is asked for. */
const MULTIPLE = 64;

export interface SideLimits {
  max_width?: number | undefined;
  max_height?: number | undefined;
}

/**
 * The sides that it will draw for those that were ordered: what is too much is to be cut off.
 * @throws {EngineError} more than the server takes; another may.
 */
export function sidesToDraw(ordered: Sides, { max_width = Infinity, max_height = Infinity }: SideLimits): Sides {
  const up = (side: number) => Math.ceil(side / MULTIPLE) * MULTIPLE;
  const sides = { width: up(ordered.width), height: up(ordered.height) };
  if (sides.width <= max_width && sides.height <= max_height) return sides;
  const message = `the engine's server draws ${max_width}x${max_height} at most`;
  throw new EngineError("INTERNAL", message, { isRetryable: true });
}

/**
 * A picture to begin from, filled up at the right and below as much as is cut off later. (The server stretches it to the sides
 * that it draws.)
 * @throws {EngineError} it cannot be read.
 */
export async function filledUp(picture: Uint8Array, ordered: Sides, drawn: Sides): Promise<Uint8Array> {
  const had = inspectMedia(picture);
  if (!had || isSame(ordered, drawn)) return picture;
  const width = Math.round((had.width * drawn.width) / ordered.width);
  const height = Math.round((had.height * drawn.height) / ordered.height);
  const filled = await onCanvas(picture, { width, height });
  if (filled) return filled;
  throw new EngineError("BAD_REQUEST", "the input picture cannot be read", { isRetryable: false });
}

/** A picture as it was ordered. One of other sides than were to be drawn is left for the judge of results. */
export async function cutTo(picture: Uint8Array, ordered: Sides, drawn: Sides): Promise<Uint8Array> {
  const made = inspectMedia(picture);
  if (!made || isSame(ordered, drawn) || !isSame(made, drawn)) return picture;
  return (await onCanvas(picture, ordered)) ?? picture;
}

const isSame = (one: Sides, other: Sides): boolean => one.width === other.width && one.height === other.height;
