const FRAME = "ANMF";
const OF_FRAME: ReadonlySet<string> = new Set(["VP8 ", "VP8L", "ALPH"]);
const OF_FILE: ReadonlySet<string> = new Set([...OF_FRAME, "VP8X", "ICCP", "ANIM", FRAME]);
/** Of a frame: its place, its size and how it is laid over the one before it. */
const FRAME_HEADER_BYTES = 16;
/** In VP8X's flags: that EXIF and XMP follow. */
const NOTE_FLAGS = 0x08 | 0x04;

/** Without chunks of any other name, and without what comes behind the end. Null when it is cut short. */
export function stripWebp(file: Buffer): Buffer | null {
  const end = file.length < 12 ? 0 : 8 + file.readUInt32LE(4);
  const chunks = end <= file.length ? keptChunks(file.subarray(0, end), 12, OF_FILE) : null;
  if (!chunks || chunks.length === 0) return null;
  const body = Buffer.concat(chunks);
  const header = Buffer.from(file.subarray(0, 12));
  header.writeUInt32LE(body.length + 4, 4);
  return Buffer.concat([header, body]);
}

function keptChunks(file: Buffer, from: number, kept: ReadonlySet<string>): Buffer[] | null {
  const parts: Buffer[] = [];
  for (let at = from; at + 8 <= file.length;) {
    const name = file.toString("latin1", at, at + 4);
    const end = at + 8 + file.readUInt32LE(at + 4);
    if (end > file.length) return null;
    const content = kept.has(name) ? keptContent(name, file.subarray(at + 8, end)) : undefined;
    if (content === null) return null;
    if (content) parts.push(chunk(name, content));
    at = end + (end % 2);
  }
  return parts;
}

function keptContent(name: string, content: Buffer): Buffer | null {
  if (name === "VP8X" && content.length > 0) {
    const copy = Buffer.from(content);
    copy.writeUInt8(copy.readUInt8(0) & ~NOTE_FLAGS, 0);
    return copy;
  }
  if (name !== FRAME) return content;
  const chunks = content.length < FRAME_HEADER_BYTES ? null : keptChunks(content, FRAME_HEADER_BYTES, OF_FRAME);
  return chunks && Buffer.concat([content.subarray(0, FRAME_HEADER_BYTES), ...chunks]);
}

function chunk(name: string, content: Buffer): Buffer {
  const head = Buffer.alloc(8);
  head.write(name, "latin1");
  head.writeUInt32LE(content.length, 4);
  return Buffer.concat([head, content, Buffer.alloc(content.length % 2)]);
}
