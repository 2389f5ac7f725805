import { messageOf } from "../outside.ts";
import { EngineError } from "./engine.ts";

const OUT_OF_MEMORY =
  /out ?of ?memory|MemoryError|not enough (gpu )?(video )?memory|can(no|')t allocate memory|(CUBLAS|CUDNN|CUFFT)_(STATUS_)?ALLOC_FAILED/i;

/** Whether a server's words for a failure, of whichever library they are, mean that memory ran out. */
export const isOutOfMemory = (words: string): boolean => OUT_OF_MEMORY.test(words);

/** CUDA's and HIP's errors after which a context can do nothing more ("sticky"). */
const BROKEN =
  /illegal (memory access|address|instruction)|device-side assert|unspecified launch failure|misaligned address|(cuda|hip)Error(IllegalAddress|IllegalInstruction|LaunchFailure|Assert|HardwareStackError|ECCUncorrectable)|uncorrectable ECC/i;

/** Whether after this failure every later one in the same process fails too: it answers and looks well, and has to be started again. */
export const isGpuBroken = (words: string): boolean => BROKEN.test(words);

/** Whether that is why a task failed. The server's own words are the cause. */
export const hasLostGpu = (error: unknown): boolean => error instanceof EngineError && isGpuBroken(messageOf(error.cause));
