/** The closed sets of words that a prompt can mean besides the drawings themselves. */

export const COLORS = [
  "red",
  "orange",
  "yellow",
  "green",
  "cyan",
  "blue",
  "purple",
  "pink",
  "brown",
  "black",
  "white",
  "gray",
  "rainbow",
] as const;
export type ColorName = (typeof COLORS)[number];

export const SIZES = ["big", "small"] as const;
export type SizeName = (typeof SIZES)[number];

export const TIMES = ["day", "sunset", "night", "neon"] as const;
export type TimeName = (typeof TIMES)[number];

export const WEATHERS = ["rain", "snowfall", "fog", "petals", "leaves", "storm", "stars"] as const;
export type WeatherName = (typeof WEATHERS)[number];

export const STYLES = ["3d", "flat", "soft", "watercolor", "neon", "papercut", "pixel", "lineart", "oil", "ink"] as const;
export type StyleName = (typeof STYLES)[number];

/** The two sets of drawings. */
export type ArtStyle = "3d" | "flat";

export const ACTIONS = ["flying", "swimming", "running", "jumping", "sleeping", "dancing", "singing", "floating"] as const;
export type ActionName = (typeof ACTIONS)[number];

export const LOOKS = ["glowing", "ghostly", "fat", "thin", "long", "upsideDown"] as const;
export type LookName = (typeof LOOKS)[number];

/** How the thing before the word stands to the thing after it. */
export const RELATIONS = [
  "on",
  "under",
  "leftOf",
  "rightOf",
  "inFrontOf",
  "behind",
  "above",
  "inside",
  "beside",
  "holding",
  "wearing",
] as const;
export type RelationName = (typeof RELATIONS)[number];

/** What one phrase of a prompt means. */
export type Meaning =
  | { kind: "object"; code: string }
  | { kind: "place"; place: string }
  | { kind: "color"; color: ColorName }
  | { kind: "size"; size: SizeName }
  | { kind: "count"; count: number }
  | { kind: "time"; time: TimeName }
  | { kind: "weather"; weather: WeatherName }
  | { kind: "style"; style: StyleName }
  | { kind: "action"; action: ActionName }
  | { kind: "look"; look: LookName }
  /** "the cat on the box": between its two things. */
  | { kind: "relation"; relation: RelationName }
  /** 盒子上面: after the thing that the other is on. */
  | { kind: "relationAfter"; relation: RelationName }
  /** 在: the thing before it is placed by what follows. */
  | { kind: "placing" }
  | { kind: "background" }
  | { kind: "joiner" }
  | { kind: "ignored" }
  /** Contains known characters (风车 has 车) but means something that cannot be drawn. */
  | { kind: "unknown" };
