import fs from "node:fs";

export interface ProcessUse {
  rssBytes: number;
  cpuMs: number;
}

/** Ticks of /proc are hundredths of a second wherever Linux runs today. */
const TICK_MS = 10;

/** What a process uses now, and has used since it started. Linux only. */
export function useOf(pid: number): ProcessUse {
  const stat = fs.readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const [, kilobytes = "0"] = /^VmRSS:\s+(\d+)/m.exec(fs.readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
  return { rssBytes: Number(kilobytes) * 1024, cpuMs: (Number(fields[11]) + Number(fields[12])) * TICK_MS };
}
