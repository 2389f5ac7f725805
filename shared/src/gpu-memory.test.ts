import { expect, test } from "vitest";
import { formatMemory, memoryAsSold } from "./gpu-memory.ts";

const MIB = 2 ** 20;

test.each([
  ["NVIDIA GeForce RTX 4090", 24_564, "24 GB"],
  ["the same, as CUDA counts it", 24_217, "24 GB"],
  ["NVIDIA GeForce RTX 4060 Ti", 16_380, "16 GB"],
  ["NVIDIA H100 80GB", 81_559, "80 GB"],
  ["a card whose driver says it all", 8_192, "8 GB"],
])("%s has what it is sold with", (_, mebibytes, sold) => {
  expect(formatMemory(memoryAsSold(mebibytes * MIB))).toBe(sold);
});
