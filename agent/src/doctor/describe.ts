import type { Finding } from "./diagnose.ts";

const MARKS: Readonly<Record<Finding["level"], string>> = { ok: "ok  ", note: "--  ", bad: "!!  " };

/** One line a finding, with what to do about it below. */
export function describeFindings(findings: readonly Finding[], canServe: boolean): string {
  const lines = findings.map(({ level, subject, text, advice }) => {
    const line = `${MARKS[level]}${subject.padEnd(12)}${text}\n`;
    return advice === undefined ? line : `${line}${" ".repeat(16)}${advice}.\n`;
  });
  return `${lines.join("")}\n${canServe ? "This machine can serve tasks." : "This machine cannot serve tasks yet: see the lines marked !! or without a yes."}\n`;
}
