export interface StopSignals {
  /** Finish what runs, take no more, then leave: the first Ctrl-C, or the system's stop. */
  finish: AbortSignal;
  /**
   * Give running tasks back and leave: the second Ctrl-C, a second SIGTERM or the end of the time after the first, a terminal that is
   * closed, or the death of the parent that started this process over IPC.
   */
  stop: AbortSignal;
  stopListening: () => void;
}

export interface StopOptions {
  /** What runs when the system asks this process to end may be finished for so long: who asks will not wait for ever. */
  stopWithinMs: number;
  /** The third Ctrl-C: whatever is still to be done, it is not done. */
  leaveNow: () => void;
}

export function listenForStop({ stopWithinMs, leaveNow }: StopOptions): StopSignals {
  const finish = new AbortController();
  const stop = new AbortController();
  let limit: NodeJS.Timeout | null = null;
  const onStop = () => stop.abort();
  const onInterrupt = () => {
    if (stop.signal.aborted) leaveNow();
    else if (finish.signal.aborted) stop.abort();
    else finish.abort();
  };
  const onTerminate = () => {
    if (limit || stopWithinMs === 0) return stop.abort();
    // Who has finished by then is not kept alive by this.
    limit = setTimeout(onStop, stopWithinMs).unref();
    finish.abort();
  };
  process.on("SIGINT", onInterrupt);
  process.on("SIGTERM", onTerminate);
  process.on("SIGHUP", onStop);
  process.on("disconnect", onStop);
  // A listener for the channel would keep a finished process alive.
  process.channel?.unref();
  if (process.send && !process.connected) stop.abort();
  return {
    finish: finish.signal,
    stop: stop.signal,
    stopListening() {
      if (limit) clearTimeout(limit);
      process.off("SIGINT", onInterrupt);
      process.off("SIGTERM", onTerminate);
      process.off("SIGHUP", onStop);
      process.off("disconnect", onStop);
    },
  };
}
