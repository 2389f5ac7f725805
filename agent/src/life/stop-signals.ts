export interface StopSignals {
  /** Finish what runs, take no more, then leave: the first Ctrl-C. */
  finish: AbortSignal;
  /** Give running tasks back and leave: the second Ctrl-C, the system's stop, or the death of the parent that started this process over IPC. */
  stop: AbortSignal;
  stopListening: () => void;
}

const AT_ONCE = ["SIGTERM", "SIGHUP"] as const;

/** @param leaveNow the third Ctrl-C: whatever is still to be done, it is not done. */
export function listenForStop(leaveNow: () => void): StopSignals {
  const finish = new AbortController();
  const stop = new AbortController();
  const onStop = () => stop.abort();
  const onInterrupt = () => {
    if (stop.signal.aborted) leaveNow();
    else if (finish.signal.aborted) stop.abort();
    else finish.abort();
  };
  process.on("SIGINT", onInterrupt);
  for (const name of AT_ONCE) process.on(name, onStop);
  process.on("disconnect", onStop);
  // A listener for the channel would keep a finished process alive.
  process.channel?.unref();
  if (process.send && !process.connected) stop.abort();
  return {
    finish: finish.signal,
    stop: stop.signal,
    stopListening() {
      process.off("SIGINT", onInterrupt);
      for (const name of AT_ONCE) process.off(name, onStop);
      process.off("disconnect", onStop);
    },
  };
}
