const END = 0xd9;
const SCAN = 0xda;
/** Tables and frames (ITU-T T.81, table B.1): SOFn, DHT and DAC; DQT, DNL, DRI, DHP and EXP. */
const isOfPicture = (marker: number): boolean => (marker >= 0xc0 && marker <= 0xcf) || (marker >= 0xdb && marker <= 0xdf);
/** Without a length: TEM, RSTn and SOI. */
const isBare = (marker: number): boolean => marker === 0x01 || (marker >= 0xd0 && marker <= 0xd8);
/** What an application's segment has to begin with to be one that says how the colours are meant. */
const COLOURS: ReadonlyMap<number, string> = new Map([
  [0xe0, "JFIF\0"],
  [0xe2, "ICC_PROFILE\0"],
  [0xee, "Adobe"],
]);

/**
 * Without comments and any other application's segments, and without what comes behind the end: phones put whole other pictures
 * there. A scan that is cut short stays, as far as it goes. Null when there is none.
 */
export function stripJpeg(file: Buffer): Buffer | null {
  const parts = [file.subarray(0, 2)];
  let hasScan = false;
  for (let at = 2; at < file.length;) {
    // Stray bytes are skipped, as decoders do; so is padding before a marker.
    const start = file.indexOf(0xff, at);
    const marker = file[start + 1];
    if (start < 0 || marker === undefined) break;
    at = start + 1;
    if (marker === 0xff || marker === 0) continue;
    if (marker === END) return hasScan ? Buffer.concat([...parts, file.subarray(start, start + 2)]) : null;
    at = start + 2;
    if (isBare(marker)) continue;
    if (at + 2 > file.length) break;
    const end = at + file.readUInt16BE(at);
    if (end > file.length) break;
    hasScan ||= marker === SCAN;
    at = marker === SCAN ? endOfScan(file, end) : end;
    const begin = COLOURS.get(marker);
    const isColour = begin !== undefined && file.toString("latin1", start + 4, start + 4 + begin.length) === begin;
    if (marker === SCAN || isOfPicture(marker) || isColour) parts.push(file.subarray(start, at));
  }
  return hasScan ? Buffer.concat(parts) : null;
}

/** Where the next marker is that does not belong to the scan: not a stuffed byte, a restart or padding. */
function endOfScan(file: Buffer, from: number): number {
  for (let at = file.indexOf(0xff, from); at >= 0; at = file.indexOf(0xff, at + 1)) {
    const next = file[at + 1] ?? 0;
    const isWithin = next === 0 || next === 0xff || (next >= 0xd0 && next <= 0xd7);
    if (!isWithin) return at;
  }
  return file.length;
}
