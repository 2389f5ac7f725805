import { inBlackAndWhite, type Paint, type Tone } from "../view/paint.ts";
import type { Finding } from "./diagnose.ts";

const MARKS: Readonly<Record<Finding["level"], readonly [string, Tone]>> = {
  ok: ["ok", "good"],
  note: ["--", "faint"],
  bad: ["!!", "bad"],
};

/** One line a finding, with what to do about it below. */
export function describeFindings(findings: readonly Finding[], canServe: boolean, paint: Paint = inBlackAndWhite): string {
  const lines = findings.map(({ level, subject, text, advice }) => {
    const [mark, tone] = MARKS[level];
    const line = `${paint(tone, mark)}  ${subject.padEnd(12)}${text}\n`;
    return advice === undefined ? line : `${line}${" ".repeat(16)}${advice}.\n`;
  });
  return `${lines.join("")}\n${canServe ? "This machine can serve tasks." : "This machine cannot serve tasks yet: see the lines marked !! or without a yes."}\n`;
}
