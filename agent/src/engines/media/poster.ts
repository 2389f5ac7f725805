import { execFile } from "node:child_process";
import { promisify } from "node:util";
import jpeg from "jpeg-js";

const run = promisify(execFile);
const FFMPEG_MS = 20_000;
const MAX_POSTER_BYTES = 64 * 1024 * 1024;

/**
 * The first frame of a video file as PNG, by `ffmpeg` where the owner has it; else a grey picture of the video's shape, so that
 * a result does not fail for want of a poster.
 */
export async function posterOf(videoPath: string, size: { width: number; height: number }, ffmpeg = "ffmpeg"): Promise<Uint8Array> {
  try {
    const args = ["-v", "error", "-nostdin", "-i", videoPath, "-frames:v", "1", "-f", "image2pipe", "-c:v", "png", "-"];
    const { stdout } = await run(ffmpeg, args, {
      encoding: "buffer",
      maxBuffer: MAX_POSTER_BYTES,
      timeout: FFMPEG_MS,
      killSignal: "SIGKILL",
    });
    if (stdout.length > 0) return stdout;
  } catch {
    // Absent, or it could not read the file; the player shows the video all the same.
  }
  const scale = Math.min(1, 256 / Math.max(size.width, size.height));
  const [width, height] = [Math.max(1, Math.round(size.width * scale)), Math.max(1, Math.round(size.height * scale))];
  return jpeg.encode({ width, height, data: Buffer.alloc(width * height * 4, 0x80) }, 50).data;
}
