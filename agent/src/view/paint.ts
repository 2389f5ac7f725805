import { styleText } from "node:util";

/** How a part of the view is meant. The names of colours are the terminal's own, so that they suit a light one, too. */
export type Tone = "good" | "warning" | "bad" | "faint" | "strong";
export type Paint = (tone: Tone, text: string) => string;

const STYLES = { good: "green", warning: "yellow", bad: "red", faint: "dim", strong: "bold" } as const satisfies Record<Tone, string>;

export const inColour: Paint = (tone, text) => styleText(STYLES[tone], text, { validateStream: false });
export const inBlackAndWhite: Paint = (_, text) => text;

/** https://no-color.org: any value but none at all. */
export const wantsColour = (isTerminal: boolean, env: NodeJS.ProcessEnv): boolean =>
  isTerminal && env["TERM"] !== "dumb" && !env["NO_COLOR"];
