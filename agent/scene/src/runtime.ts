/**
 * Which ONNX runtime runs the layout model. onnxruntime-web (WebAssembly) comes with the package and runs
 * everywhere; onnxruntime-node is faster and is used when the owner has installed it.
 */
import type * as OrtWeb from "onnxruntime-web";

export type RuntimeName = "onnxruntime-web" | "onnxruntime-node";

/** The part of both runtimes that this package uses; they share one API. */
type Ort = Pick<typeof OrtWeb, "InferenceSession" | "Tensor">;
type OrtSession = OrtWeb.InferenceSession;

export interface LoadedRuntime {
  name: RuntimeName;
  ort: Ort;
  session: OrtSession;
}

/** Held in a variable, so that bundlers and type checks do not look for a module that need not be there. */
const NATIVE_RUNTIME: string = "onnxruntime-node";

async function loadNative(weights: Uint8Array): Promise<LoadedRuntime | null> {
  try {
    const ort = (await import(NATIVE_RUNTIME)) as Ort;
    const session = await ort.InferenceSession.create(weights, {
      intraOpNumThreads: 1,
      graphOptimizationLevel: "all",
    });
    return { name: "onnxruntime-node", ort, session };
  } catch {
    // Not installed, or installed without a binary for this machine: WebAssembly does the same, slower.
    return null;
  }
}

async function loadWeb(weights: Uint8Array): Promise<LoadedRuntime> {
  const ort = await import("onnxruntime-web");
  // The model is so small that handing work to other threads costs more than it saves.
  ort.env.wasm.numThreads = 1;
  const session = await ort.InferenceSession.create(weights, {
    executionProviders: ["wasm"],
    graphOptimizationLevel: "all",
  });
  return { name: "onnxruntime-web", ort, session };
}

export async function loadRuntime(weights: Uint8Array): Promise<LoadedRuntime> {
  return (await loadNative(weights)) ?? (await loadWeb(weights));
}
