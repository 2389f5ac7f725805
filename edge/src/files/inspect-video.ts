/** Pixels of an MP4 from its first bytes, or null when it is none: what stands in the header of its first picture track. */
export function inspectMp4(head: Uint8Array): { width: number; height: number } | null {
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  const [first] = boxes(view, 0, view.byteLength);
  if (first?.name !== "ftyp") return null;
  const moov = find(view, { start: 0, end: view.byteLength }, "moov");
  if (!moov) return null;
  for (const track of boxes(view, moov.start, moov.end)) {
    const header = track.name === "trak" ? find(view, track, "tkhd") : null;
    const size = header && sizeOf(view, header);
    // Sound tracks have no size.
    if (size && size.width > 0 && size.height > 0) return size;
  }
  return null;
}

interface Box {
  name: string;
  /** Of what it holds, and the end of what is there of it. */
  start: number;
  end: number;
}

/** ISO 14496-12, 4.2: length, name, and a 64-bit length where the short one is 1. A box may go on behind the head. */
function* boxes(view: DataView, from: number, to: number): Generator<Box> {
  for (let at = from; at + 8 <= to;) {
    const short = view.getUint32(at);
    if (short === 1 && at + 16 > to) return;
    const length = short === 1 ? Number(view.getBigUint64(at + 8)) : short === 0 ? to - at : short;
    const header = short === 1 ? 16 : 8;
    if (length < header) return;
    const name = String.fromCharCode(...new Uint8Array(view.buffer, view.byteOffset + at + 4, 4));
    yield { name, start: at + header, end: Math.min(to, at + length) };
    at += length;
  }
}

const find = (view: DataView, { start, end }: { start: number; end: number }, name: string): Box | null =>
  [...boxes(view, start, end)].find((box) => box.name === name) ?? null;

/** 8.3.2: the last two fields of `tkhd`, in 16.16 fixed point; before them version 1 has 12 bytes more of times. */
function sizeOf(view: DataView, { start, end }: Box): { width: number; height: number } | null {
  const at = start + (start < end && view.getUint8(start) === 1 ? 88 : 76);
  return at + 8 <= end ? { width: view.getUint16(at), height: view.getUint16(at + 4) } : null;
}
