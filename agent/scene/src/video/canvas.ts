/** Draws frames from ready-made layers: a backdrop seen by a moving camera, and sprites that move on it. */
import type { Pixels } from "../pixels.ts";
import type { Sprite } from "../raster.ts";
import type { PixelSize } from "../requests.ts";

/** The backdrop is drawn this much larger than the frame, so that the camera has somewhere to go. */
export const OVERSCAN = 1.16;

export interface Frame extends PixelSize {
  /** Four bytes a pixel. */
  data: Uint8Array;
}

export interface Camera {
  /** Shift of the view in shares of the frame; at most (OVERSCAN - 1) / 2 each way. */
  x: number;
  y: number;
  /** 1 shows the frame's share of the backdrop, more shows less of it. */
  zoom: number;
}

/** What is near moves more than what is far: share of the camera's shift at the upper edge. */
const FAR_SHARE = 0.45;

export function paintCameraView(frame: Frame, backdrop: Pixels, camera: Camera, ripple: (row: number) => number): void {
  const { width, height, data } = frame;
  const scaleX = backdrop.width / (width * OVERSCAN * camera.zoom);
  const scaleY = backdrop.height / (height * OVERSCAN * camera.zoom);
  const source = backdrop.data;
  const [lastX, lastY] = [backdrop.width - 2, backdrop.height - 2];
  for (let y = 0; y < height; y += 1) {
    const parallax = FAR_SHARE + (1 - FAR_SHARE) * (y / height);
    const sourceY = Math.min(lastY, Math.max(0, backdrop.height / 2 + (y - height / 2 + camera.y * height) * scaleY));
    const top = Math.floor(sourceY);
    const fy = sourceY - top;
    const start = backdrop.width / 2 + (-width / 2 + camera.x * width * parallax + ripple(y)) * scaleX;
    for (let x = 0; x < width; x += 1) {
      const sourceX = Math.min(lastX, Math.max(0, start + x * scaleX));
      const left = Math.floor(sourceX);
      const fx = sourceX - left;
      const a = (top * backdrop.width + left) * 3;
      const b = a + backdrop.width * 3;
      const to = (y * width + x) * 4;
      for (let channel = 0; channel < 3; channel += 1) {
        const upper = (source[a + channel] ?? 0) * (1 - fx) + (source[a + 3 + channel] ?? 0) * fx;
        const lower = (source[b + channel] ?? 0) * (1 - fx) + (source[b + 3 + channel] ?? 0) * fx;
        data[to + channel] = upper + (lower - upper) * fy;
      }
      data[to + 3] = 255;
    }
  }
}

/** A sprite cut to its ink, with the place it was cut from. */
export interface Layer {
  sprite: Sprite;
  /** Upper left corner in the frame it was drawn for. */
  left: number;
  top: number;
}

/** @returns null when nothing is visible. */
export function cutToInk(whole: Sprite): Layer | null {
  let [left, top, right, bottom] = [whole.width, whole.height, -1, -1];
  for (let y = 0; y < whole.height; y += 1) {
    for (let x = 0; x < whole.width; x += 1) {
      if ((whole.data[(y * whole.width + x) * 4 + 3] ?? 0) === 0) continue;
      if (x < left) left = x;
      if (x > right) right = x;
      if (y < top) top = y;
      bottom = y;
    }
  }
  if (right < 0) return null;
  const [width, height] = [right - left + 1, bottom - top + 1];
  const data = new Uint8Array(width * height * 4);
  for (let y = 0; y < height; y += 1) {
    const from = ((top + y) * whole.width + left) * 4;
    data.set(whole.data.subarray(from, from + width * 4), y * width * 4);
  }
  return { sprite: { data, width, height }, left, top };
}

export interface Pose {
  /** Pixels. */
  dx: number;
  dy: number;
  /** Degrees, clockwise, about the middle of the foot. */
  angle: number;
  scaleX: number;
  scaleY: number;
}

export const AT_REST: Pose = { dx: 0, dy: 0, angle: 0, scaleX: 1, scaleY: 1 };

/** Draws the layer in its pose; whatever lies outside the frame is left out. */
export function paintLayer(frame: Frame, { sprite, left, top }: Layer, pose: Pose): void {
  const angle = (pose.angle * Math.PI) / 180;
  const [sin, cos] = [Math.sin(angle), Math.cos(angle)];
  const [pivotX, pivotY] = [left + sprite.width / 2, top + sprite.height];
  const [toX, toY] = [pivotX + pose.dx, pivotY + pose.dy];
  const reach = Math.hypot((sprite.width * pose.scaleX) / 2, sprite.height * pose.scaleY) + 2;
  const [fromX, lastX] = [Math.max(0, Math.floor(toX - reach)), Math.min(frame.width - 1, Math.ceil(toX + reach))];
  const [fromY, lastY] = [Math.max(0, Math.floor(toY - reach)), Math.min(frame.height - 1, Math.ceil(toY + reach))];
  for (let y = fromY; y <= lastY; y += 1) {
    for (let x = fromX; x <= lastX; x += 1) {
      const [rx, ry] = [x - toX, y - toY];
      const sourceX = (rx * cos + ry * sin) / pose.scaleX + sprite.width / 2;
      const sourceY = (ry * cos - rx * sin) / pose.scaleY + sprite.height;
      if (sourceX < -1 || sourceY < -1 || sourceX > sprite.width || sourceY > sprite.height) continue;
      mixPixel(frame.data, (y * frame.width + x) * 4, sprite, sourceX, sourceY);
    }
  }
}

/** Bilinear, weighted by opacity so that the colour of invisible pixels does not bleed in. */
function mixPixel(data: Uint8Array, to: number, sprite: Sprite, sourceX: number, sourceY: number): void {
  const [left, top] = [Math.floor(sourceX), Math.floor(sourceY)];
  const [fx, fy] = [sourceX - left, sourceY - top];
  let [alpha, red, green, blue] = [0, 0, 0, 0];
  for (let corner = 0; corner < 4; corner += 1) {
    const [x, y] = [left + (corner & 1), top + (corner >> 1)];
    if (x < 0 || y < 0 || x >= sprite.width || y >= sprite.height) continue;
    const offset = (y * sprite.width + x) * 4;
    const weight = (corner & 1 ? fx : 1 - fx) * (corner >> 1 ? fy : 1 - fy) * (sprite.data[offset + 3] ?? 0);
    alpha += weight;
    red += weight * (sprite.data[offset] ?? 0);
    green += weight * (sprite.data[offset + 1] ?? 0);
    blue += weight * (sprite.data[offset + 2] ?? 0);
  }
  if (alpha < 1) return;
  const opacity = Math.min(1, alpha / 255);
  const channels = [red / alpha, green / alpha, blue / alpha];
  channels.forEach((value, channel) => {
    const below = data[to + channel] ?? 0;
    data[to + channel] = below + (value - below) * opacity;
  });
}

/** A soft dot, for rain, snow and motes. @param radius pixels. @param stretch length of a falling drop in pixels. */
export function paintDot(frame: Frame, x: number, y: number, radius: number, color: readonly number[], opacity: number, stretch = 0): void {
  const [fromX, lastX] = [Math.max(0, Math.floor(x - radius)), Math.min(frame.width - 1, Math.ceil(x + radius))];
  const [fromY, lastY] = [Math.max(0, Math.floor(y - radius - stretch)), Math.min(frame.height - 1, Math.ceil(y + radius))];
  for (let py = fromY; py <= lastY; py += 1) {
    for (let px = fromX; px <= lastX; px += 1) {
      const dy = py > y ? py - y : py < y - stretch ? py - (y - stretch) : 0;
      const share = Math.max(0, 1 - Math.hypot(px - x, dy) / radius) * opacity;
      const to = (py * frame.width + px) * 4;
      for (let channel = 0; channel < 3; channel += 1) {
        const below = frame.data[to + channel] ?? 0;
        frame.data[to + channel] = below + ((color[channel] ?? 255) - below) * share;
      }
    }
  }
}
