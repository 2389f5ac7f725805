/** The closed sets of words that a prompt can mean besides the drawings themselves. */

export type ColorName = "red" | "orange" | "yellow" | "green" | "cyan" | "blue" | "purple" | "pink" | "brown" | "black" | "white" | "gray";
export type SizeName = "big" | "small";
export type TimeName = "day" | "sunset" | "night" | "neon";
export type WeatherName = "rain" | "snowfall" | "fog" | "petals";
export type StyleName = "3d" | "flat";
export type MotionName = "flying" | "swimming";

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
  | { kind: "motion"; motion: MotionName }
  | { kind: "background" }
  | { kind: "joiner" }
  | { kind: "ignored" }
  /** Contains known characters (风车 has 车) but means something that cannot be drawn. */
  | { kind: "unknown" };
