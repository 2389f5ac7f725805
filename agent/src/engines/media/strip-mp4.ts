import { findBox, mp4Boxes } from "./mp4-boxes.ts";

/** What may be in a box (ISO 14496-12, table 1); a name without a row of its own is kept with all that is in it. */
const KEPT: ReadonlyMap<string, ReadonlySet<string>> = new Map(
  Object.entries({
    "": "ftyp styp moov mdat moof mfra sidx ssix pdin",
    moov: "mvhd trak mvex",
    trak: "tkhd edts tref mdia",
    mdia: "mdhd hdlr elng minf",
    minf: "vmhd smhd nmhd sthd dinf stbl",
    stbl: "stsd stts ctts cslg stsc stsz stz2 stco co64 stss stsh padb stdp sdtp sbgp sgpd subs saiz saio",
    moof: "mfhd traf",
    traf: "tfhd tfdt trun sdtp sbgp sgpd subs saiz saio",
  }).map(([holder, names]) => [holder, new Set(names.split(" "))]),
);
/** `hdlr`, 8.4.3: behind these bytes is a name for people to read, which an encoder can be told to write. */
const BEFORE_NAME_BYTES = 24;

/**
 * Anything else becomes free space of the same length, so that no place in the file moves; what follows the last box is cut off.
 * Null when there are no pictures or no index: the file was cut short.
 */
export function stripMp4(file: Buffer): Buffer | null {
  const top = mp4Boxes(file, 0, file.length);
  if (!findBox(top, "moov") || !findBox(top, "mdat")) return null;
  const copy = Buffer.from(file.subarray(0, top.at(-1)?.end));
  blank(copy, "", 0, copy.length);
  return copy;
}

function blank(file: Buffer, holder: string, from: number, to: number): void {
  let end = from;
  for (const box of mp4Boxes(file, from, to)) {
    end = box.end;
    const header = file.readUInt32BE(box.start) === 1 ? 16 : 8;
    const inside = box.start + header;
    if (!KEPT.get(holder)?.has(box.name)) {
      file.write("free", box.start + 4, "latin1");
      file.fill(0, inside, box.end);
    } else if (KEPT.has(box.name)) blank(file, box.name, inside, box.end);
    else if (box.name === "hdlr") file.fill(0, Math.min(inside + BEFORE_NAME_BYTES, box.end), box.end);
  }
  file.fill(0, end, to);
}
