import { parentPort } from "node:worker_threads";
import { canvasInJs } from "./canvas-in-js.ts";
import { colourShares } from "./colour-shares.ts";
import { decode } from "./decode.ts";
import type { PixelOrder } from "./pixel-works.ts";
import { shrinkInJs } from "./shrink-in-js.ts";

/** What it throws ends the thread, and its memory goes with it. */
parentPort?.on("message", (order: PixelOrder) => parentPort?.postMessage(madeOf(order)));

function madeOf({ name, picture, order }: PixelOrder): unknown {
  const pixels = decode(picture);
  if (!pixels) return null;
  switch (name) {
    case "shrink":
      return shrinkInJs(pixels, order);
    case "canvas":
      return canvasInJs(pixels, order);
    case "colours":
      return colourShares(pixels);
  }
}
