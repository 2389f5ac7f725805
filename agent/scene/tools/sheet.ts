/** Puts pictures side by side on one sheet, with a number in the corner of each. */
import sharp from "sharp";

const GAP = 4;

interface SheetSettings {
  columns: number;
  /** Pixels. */
  cellWidth: number;
  cellHeight: number;
}

export async function sheet(pictures: readonly Uint8Array[], { columns, cellWidth, cellHeight }: SheetSettings): Promise<Buffer> {
  const cells = await Promise.all(
    pictures.map(async (picture, index) => ({
      input: await sharp(picture).resize(cellWidth, cellHeight, { fit: "contain", background: "#ffffff" }).png().toBuffer(),
      left: (index % columns) * (cellWidth + GAP),
      top: Math.floor(index / columns) * (cellHeight + GAP),
    })),
  );
  const rows = Math.ceil(pictures.length / columns);
  const background = { width: columns * (cellWidth + GAP), height: rows * (cellHeight + GAP), channels: 3, background: "#ffffff" } as const;
  return sharp({ create: background }).composite(cells).png().toBuffer();
}
