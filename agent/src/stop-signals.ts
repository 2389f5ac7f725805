const SIGNALS = ["SIGINT", "SIGTERM"] as const;

/** Aborted when the owner, the system, or the death of the parent that started this process over IPC asks it to stop. */
export function listenForStop(): { signal: AbortSignal; stopListening: () => void } {
  const stop = new AbortController();
  const onStop = () => stop.abort();
  for (const name of SIGNALS) process.on(name, onStop);
  process.on("disconnect", onStop);
  // A listener for the channel would keep a finished process alive.
  process.channel?.unref();
  if (process.send && !process.connected) stop.abort();
  return {
    signal: stop.signal,
    stopListening() {
      for (const name of SIGNALS) process.off(name, onStop);
      process.off("disconnect", onStop);
    },
  };
}
