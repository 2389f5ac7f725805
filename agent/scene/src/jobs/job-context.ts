/** What every job is given besides its request. */
export interface JobContext {
  signal: Pick<AbortSignal, "throwIfAborted">;
  /** Waits until the caller has dealt with the step. @throws when the job was cancelled. */
  onStep(step: number, totalSteps: number, renderPreview: () => Promise<Uint8Array>): Promise<void>;
}
