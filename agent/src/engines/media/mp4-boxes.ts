export interface Box {
  name: string;
  start: number;
  end: number;
}

/** The boxes of an MP4 between two places (ISO 14496-12, 4.2); those before the first that cannot be. */
export function mp4Boxes(file: Buffer, from: number, to: number): Box[] {
  const found: Box[] = [];
  for (let at = from; at + 8 <= to;) {
    const short = file.readUInt32BE(at);
    const length = short === 1 && at + 16 <= to ? Number(file.readBigUInt64BE(at + 8)) : short === 0 ? to - at : short;
    if (length < 8 || at + length > to) return found;
    found.push({ name: file.toString("latin1", at + 4, at + 8), start: at, end: at + length });
    at += length;
  }
  return found;
}

export const findBox = (boxes: readonly Box[], name: string): Box | undefined => boxes.find((box) => box.name === name);
