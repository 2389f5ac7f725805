export interface SmallPicture {
  bytes: Uint8Array;
  format: "PNG" | "JPEG" | "WEBP";
}

export interface SmallLimits {
  /** Of the longer side, in pixels. */
  maxSide: number;
  maxBytes: number;
}

/** Tried one after the other until the bytes are few enough. */
export const QUALITIES = [80, 65, 50, 35, 20] as const;
