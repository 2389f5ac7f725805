import { z } from "zod";
import { parseJson } from "../outside.ts";
import type { RunTool } from "./tool.ts";

export interface Gpu {
  name: string;
  memoryBytes: number;
  /** Null where the tool does not say it. */
  freeMemoryBytes: number | null;
  usedPercent: number | null;
  temperatureCelsius: number | null;
}

export interface GpuTool {
  name: string;
  args: readonly string[];
  parse: (output: string) => Gpu[];
}

const MIB = 1024 * 1024;
const NVIDIA_FIELDS = "name,memory.total,memory.free,utilization.gpu,temperature.gpu";

/** A GPU without memory of its own shares the machine's, as those of Grace and Jetson do. */
const HAS_NONE_OF_ITS_OWN = /^\[(N\/A|Not Supported)\]$/;

/** One GPU a line, as `--query-gpu` with `csv,noheader,nounits` prints them; `[N/A]` where a driver does not know. */
export function parseNvidiaSmi(output: string, machineMemoryBytes: number): Gpu[] {
  return output.split("\n").flatMap((line) => {
    const fields = line.split(",").map((field) => field.trim());
    // A name may hold a comma; the four numbers come last.
    const name = fields.slice(0, -4).join(", ");
    const [total, free, used, temperature] = fields.slice(-4).map(numberOrNull);
    const isShared = HAS_NONE_OF_ITS_OWN.test(fields.at(-4) ?? "");
    const memoryBytes = isShared ? machineMemoryBytes : (total ?? 0) * MIB;
    if (name === "" || memoryBytes === 0) return [];
    return [
      {
        name,
        memoryBytes,
        freeMemoryBytes: (free ?? null) === null ? null : Number(free) * MIB,
        usedPercent: used ?? null,
        temperatureCelsius: temperature ?? null,
      },
    ];
  });
}

const RocmCards = z.record(z.string(), z.record(z.string(), z.string()));

/** `rocm-smi --json`: one object a card; its keys have changed their words between versions. */
export function parseRocmSmi(output: string): Gpu[] {
  const cards = RocmCards.safeParse(parseJson(output.slice(Math.max(0, output.indexOf("{")))));
  if (!cards.success) return [];
  return Object.entries(cards.data).flatMap(([card, facts]) => {
    if (!/^card\d+$/.test(card)) return [];
    const find = (pattern: RegExp) => Object.entries(facts).find(([key]) => pattern.test(key))?.[1];
    const total = numberOrNull(find(/^VRAM Total Memory/i));
    const used = numberOrNull(find(/^VRAM Total Used Memory/i));
    if (total === null) return [];
    return [
      {
        name: find(/^Card series$/i) ?? find(/^Card model$/i) ?? find(/^Device name$/i) ?? card,
        memoryBytes: total,
        freeMemoryBytes: used === null ? null : total - used,
        usedPercent: numberOrNull(find(/^GPU use/i)),
        temperatureCelsius: numberOrNull(find(/^Temperature \(Sensor edge\)/i)),
      },
    ];
  });
}

const MacDisplays = z.object({
  SPDisplaysDataType: z.array(
    z.object({ sppci_model: z.string(), sppci_cores: z.string().optional(), spdisplays_vram: z.string().optional() }),
  ),
});

/** `system_profiler SPDisplaysDataType -json`. Apple's own GPUs share the memory of the machine. */
export function parseSystemProfiler(output: string, machineMemoryBytes: number): Gpu[] {
  const displays = MacDisplays.safeParse(parseJson(output));
  if (!displays.success) return [];
  return displays.data.SPDisplaysDataType.flatMap(({ sppci_model: name, sppci_cores, spdisplays_vram }) => {
    const [, count, unit] = /^(\d+) (MB|GB)$/.exec(spdisplays_vram ?? "") ?? [];
    const memoryBytes = count ? Number(count) * (unit === "GB" ? 1024 * MIB : MIB) : sppci_cores ? machineMemoryBytes : null;
    if (memoryBytes === null) return [];
    return [{ name, memoryBytes, freeMemoryBytes: null, usedPercent: null, temperatureCelsius: null }];
  });
}

function numberOrNull(text: string | undefined): number | null {
  const number = text === undefined || text.trim() === "" ? NaN : Number(text);
  return Number.isFinite(number) ? number : null;
}

const gpuTools = (platform: NodeJS.Platform, machineMemoryBytes: number): GpuTool[] => [
  {
    name: "nvidia-smi",
    args: [`--query-gpu=${NVIDIA_FIELDS}`, "--format=csv,noheader,nounits"],
    parse: (output) => parseNvidiaSmi(output, machineMemoryBytes),
  },
  {
    name: "rocm-smi",
    args: ["--showproductname", "--showmeminfo", "vram", "--showuse", "--showtemp", "--json"],
    parse: parseRocmSmi,
  },
  ...(platform === "darwin"
    ? [
        {
          name: "system_profiler",
          args: ["SPDisplaysDataType", "-json"],
          parse: (output: string) => parseSystemProfiler(output, machineMemoryBytes),
        },
      ]
    : []),
];

/** The first tool that knows a GPU, and what it says now; null when none does. */
export async function findGpus(
  run: RunTool,
  platform: NodeJS.Platform,
  machineMemoryBytes: number,
): Promise<{ tool: GpuTool; gpus: Gpu[] } | null> {
  for (const tool of gpuTools(platform, machineMemoryBytes)) {
    const output = await run(tool.name, tool.args);
    const gpus = output === null ? [] : tool.parse(output);
    if (gpus.length > 0) return { tool, gpus };
  }
  return null;
}
