/** The picture in drawing units: its short side is always 1000, so a design works at any aspect ratio. */

export const SHORT_SIDE = 1000;

export interface Frame {
  width: number;
  height: number;
}

export function frameFor(pixelWidth: number, pixelHeight: number): Frame {
  const unitsPerPixel = SHORT_SIDE / Math.min(pixelWidth, pixelHeight);
  return { width: pixelWidth * unitsPerPixel, height: pixelHeight * unitsPerPixel };
}

export interface Box {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

/** Share of `box` that `other` covers, 0..1. */
export function coveredShare(box: Box, other: Box): number {
  const width = Math.min(box.right, other.right) - Math.max(box.left, other.left);
  const height = Math.min(box.bottom, other.bottom) - Math.max(box.top, other.top);
  if (width <= 0 || height <= 0) return 0;
  return (width * height) / ((box.right - box.left) * (box.bottom - box.top));
}
