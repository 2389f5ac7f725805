/** A line that is silent for this many pings is dead, whatever TCP believes. */
const SILENT_PINGS = 2.5;

export interface HeartbeatOptions {
  pingMs: number;
  ping: () => void;
  onSilent: () => void;
  signal: AbortSignal;
}

/** Pings until the signal ends it. `heard` is to be called for everything that arrives. */
export function startHeartbeat({ pingMs, ping, onSilent, signal }: HeartbeatOptions): { heard(): void } {
  let heardAtMs = performance.now();
  // A timer may be a millisecond early.
  const isSilent = () => performance.now() - heardAtMs >= pingMs * SILENT_PINGS - 1;
  const limit = setTimeout(() => {
    // A busy engine or a laptop's sleep can delay this timer past frames that already wait to be read:
    // reading comes before setImmediate.
    setImmediate(() => {
      if (signal.aborted) return;
      if (isSilent()) onSilent();
      else limit.refresh();
    });
  }, pingMs * SILENT_PINGS);
  const beat = setInterval(ping, pingMs);
  signal.addEventListener("abort", () => {
    clearTimeout(limit);
    clearInterval(beat);
  });
  return {
    heard() {
      heardAtMs = performance.now();
      limit.refresh();
    },
  };
}
