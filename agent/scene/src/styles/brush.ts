/** Paint with a broad brush: each pixel takes the mean of the calmest of its four neighbouring squares (Kuwahara). */
import { lumaOfPixel, type Pixels } from "../pixels.ts";

/** Sums over all pixels above and to the left, with a border of zeros. */
function sumTable(width: number, height: number, valueAt: (pixel: number) => number): Float64Array {
  const stride = width + 1;
  const table = new Float64Array(stride * (height + 1));
  for (let y = 0; y < height; y += 1) {
    let row = 0;
    for (let x = 0; x < width; x += 1) {
      row += valueAt(y * width + x);
      table[(y + 1) * stride + x + 1] = row + (table[y * stride + x + 1] ?? 0);
    }
  }
  return table;
}

export function brush(pixels: Pixels, radius: number): Pixels {
  const { width, height, data } = pixels;
  const stride = width + 1;
  const [red, green, blue] = [0, 1, 2].map((channel) => sumTable(width, height, (pixel) => data[pixel * 3 + channel] ?? 0)) as [
    Float64Array,
    Float64Array,
    Float64Array,
  ];
  const luma = sumTable(width, height, (pixel) => lumaOfPixel(data, pixel * 3));
  const squares = sumTable(width, height, (pixel) => lumaOfPixel(data, pixel * 3) ** 2);
  const painted = new Uint8Array(data.length);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      let calmest = Number.POSITIVE_INFINITY;
      let [a, b, c, d, count] = [0, 0, 0, 0, 1];
      for (let corner = 0; corner < 4; corner += 1) {
        const left = corner % 2 === 0 ? Math.max(0, x - radius) : x;
        const right = (corner % 2 === 0 ? x : Math.min(width - 1, x + radius)) + 1;
        const top = corner < 2 ? Math.max(0, y - radius) : y;
        const bottom = (corner < 2 ? y : Math.min(height - 1, y + radius)) + 1;
        const [topLeft, topRight, bottomLeft, bottomRight] = [
          top * stride + left,
          top * stride + right,
          bottom * stride + left,
          bottom * stride + right,
        ];
        const area = (right - left) * (bottom - top);
        const sum = (luma[bottomRight] ?? 0) - (luma[topRight] ?? 0) - (luma[bottomLeft] ?? 0) + (luma[topLeft] ?? 0);
        const squareSum = (squares[bottomRight] ?? 0) - (squares[topRight] ?? 0) - (squares[bottomLeft] ?? 0) + (squares[topLeft] ?? 0);
        const variance = squareSum / area - (sum / area) ** 2;
        if (variance >= calmest) continue;
        calmest = variance;
        [a, b, c, d, count] = [bottomRight, topRight, bottomLeft, topLeft, area];
      }
      const offset = (y * width + x) * 3;
      painted[offset] = ((red[a] ?? 0) - (red[b] ?? 0) - (red[c] ?? 0) + (red[d] ?? 0)) / count;
      painted[offset + 1] = ((green[a] ?? 0) - (green[b] ?? 0) - (green[c] ?? 0) + (green[d] ?? 0)) / count;
      painted[offset + 2] = ((blue[a] ?? 0) - (blue[b] ?? 0) - (blue[c] ?? 0) + (blue[d] ?? 0)) / count;
    }
  }
  return { width, height, data: painted };
}
