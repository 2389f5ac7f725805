import stringWidth from "string-width";
import { inBlackAndWhite, type Paint, type Tone } from "../view/paint.ts";
import type { Finding } from "./diagnose.ts";

const MARKS: Readonly<Record<Finding["level"], readonly [string, Tone]>> = {
  ok: ["ok", "good"],
  note: ["--", "faint"],
  bad: ["!!", "bad"],
};

/** Where texts begin. */
const INDENT = " ".repeat(16);

export interface Look {
  paint: Paint;
  /** Longer lines are continued below, where their text began; Infinity for a file or a program. */
  columns: number;
}

/** One line a finding, with what to do about it below. */
export function describeFindings(findings: readonly Finding[], canServe: boolean, { paint, columns }: Look = PLAIN): string {
  const lines = findings.map(({ level, subject, text, advice }) => {
    const [mark, tone] = MARKS[level];
    const line = `${paint(tone, mark)}  ${subject.padEnd(12)}${hanging(text, columns)}\n`;
    return advice === undefined ? line : `${line}${INDENT}${hanging(`${advice}.`, columns)}\n`;
  });
  return `${lines.join("")}\n${canServe ? "This machine can serve tasks." : "This machine cannot serve tasks yet: see the lines marked !! or without a yes."}\n`;
}

const PLAIN: Look = { paint: inBlackAndWhite, columns: Infinity };

/** Broken between words. One that is longer than a line is left for the terminal to break, so that it can be copied. */
function hanging(text: string, columns: number): string {
  const lines = [""];
  for (const word of text.split(" ")) {
    const line = lines.at(-1) ?? "";
    const longer = line === "" ? word : `${line} ${word}`;
    if (line === "" || INDENT.length + stringWidth(longer) <= columns) lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return lines.join(`\n${INDENT}`);
}
