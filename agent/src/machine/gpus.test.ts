import { expect, test } from "vitest";
import { findGpus, parseNvidiaSmi, parseRocmSmi, parseSystemProfiler } from "./gpus.ts";

const GIB = 1024 ** 3;

test("reads nvidia-smi, of one GPU and of several, and where a driver does not know", () => {
  expect(parseNvidiaSmi("NVIDIA GeForce RTX 4090, 24564, 23011, 3, 41\nNVIDIA GeForce GTX 1080, 8192, 8000, [N/A], 55\n", 0)).toEqual([
    {
      name: "NVIDIA GeForce RTX 4090",
      memoryBytes: 24564 * 1024 ** 2,
      freeMemoryBytes: 23011 * 1024 ** 2,
      usedPercent: 3,
      temperatureCelsius: 41,
    },
    { name: "NVIDIA GeForce GTX 1080", memoryBytes: 8 * GIB, freeMemoryBytes: 8000 * 1024 ** 2, usedPercent: null, temperatureCelsius: 55 },
  ]);
});

test("a GPU that has no memory of its own has the machine's, and one that is lost is none", () => {
  expect(
    parseNvidiaSmi("NVIDIA GB10, [N/A], [N/A], 3, 41\nNVIDIA RTX A4000, [GPU is lost], [GPU is lost], [N/A], [N/A]\n", 128 * GIB),
  ).toEqual([{ name: "NVIDIA GB10", memoryBytes: 128 * GIB, freeMemoryBytes: null, usedPercent: 3, temperatureCelsius: 41 }]);
});

test.each(["", "No devices were found\n", "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver.\n"])(
  "finds no GPU in what nvidia-smi says without one: %j",
  (output) => {
    expect(parseNvidiaSmi(output, GIB)).toEqual([]);
  },
);

test("reads rocm-smi in the words of older and newer versions", () => {
  const card = {
    "Temperature (Sensor edge) (C)": "47.0",
    "GPU use (%)": "12",
    "VRAM Total Memory (B)": String(16 * GIB),
    "VRAM Total Used Memory (B)": String(2 * GIB),
  };
  const read = { memoryBytes: 16 * GIB, freeMemoryBytes: 14 * GIB, usedPercent: 12, temperatureCelsius: 47 };
  expect(
    parseRocmSmi(JSON.stringify({ card0: { ...card, "Card series": "Radeon RX 7800 XT" }, system: { "Driver version": "6.1" } })),
  ).toEqual([{ name: "Radeon RX 7800 XT", ...read }]);
  const warned = `WARNING: low-power state\n${JSON.stringify({ card0: { ...card, "Card Series": "AMD Radeon PRO W7900" } })}`;
  expect(parseRocmSmi(warned)).toEqual([{ name: "AMD Radeon PRO W7900", ...read }]);
  expect(parseRocmSmi("ERROR: no amdgpu")).toEqual([]);
});

test("reads system_profiler: a Mac's own GPU has the machine's memory", () => {
  const output = {
    SPDisplaysDataType: [
      { sppci_model: "Apple M2 Max", sppci_cores: "38" },
      { sppci_model: "AMD Radeon Pro 5500M", spdisplays_vram: "8 GB" },
    ],
  };
  expect(parseSystemProfiler(JSON.stringify(output), 64 * GIB).map(({ name, memoryBytes }) => [name, memoryBytes])).toEqual([
    ["Apple M2 Max", 64 * GIB],
    ["AMD Radeon Pro 5500M", 8 * GIB],
  ]);
});

test("asks the tools in turn until one knows a GPU", async () => {
  const asked: string[] = [];
  const found = await findGpus(
    async (command) => {
      asked.push(command);
      return command === "system_profiler" ? '{"SPDisplaysDataType":[{"sppci_model":"Apple M1","sppci_cores":"8"}]}' : null;
    },
    "darwin",
    16 * GIB,
  );
  expect(asked).toEqual(["nvidia-smi", "rocm-smi", "system_profiler"]);
  expect(found?.gpus).toMatchObject([{ name: "Apple M1", memoryBytes: 16 * GIB }]);
  expect(await findGpus(async () => null, "linux", 16 * GIB)).toBeNull();
});
