import { expect, test } from "vitest";
import { isGpuBroken, isOutOfMemory } from "./gpu-trouble.ts";

test.each([
  "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB",
  "RuntimeError: CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`",
  "RuntimeError: Could not allocate tensor. There is not enough GPU video memory available!",
  "RuntimeError: [enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: can't allocate memory",
  "hipErrorOutOfMemory",
])("memory ran out: %s", (words) => {
  expect([isOutOfMemory(words), isGpuBroken(words)]).toEqual([true, false]);
});

test.each([
  "torch.AcceleratorError: CUDA error: an illegal memory access was encountered",
  "RuntimeError: CUDA error: device-side assert triggered",
  "RuntimeError: CUDA error: unspecified launch failure",
  "RuntimeError: HIP error: hipErrorIllegalAddress",
])("the GPU is lost to its process: %s", (words) => {
  expect([isOutOfMemory(words), isGpuBroken(words)]).toEqual([false, true]);
});

test("of other failures nothing is thought", () => {
  const words = "ValueError: could not allocate a seat; the illegal move was remembered";
  expect([isOutOfMemory(words), isGpuBroken(words)]).toEqual([false, false]);
});
