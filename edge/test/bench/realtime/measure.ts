import type { Listeners } from "./listeners.ts";

export interface Figures {
  deliveriesPerSecond: number;
  /** From the call that publishes to each socket's message, milliseconds. */
  delaysMs: number[];
}

/** Sends events, so many at a time, each until every socket has it. */
export async function measure(
  listeners: Listeners,
  { sockets, first, events, atOnce }: { sockets: number; first: number; events: number; atOnce: number },
): Promise<Figures> {
  const delaysMs: number[] = [];
  const left = new Map<number, { sentAt: number; missing: number; done: () => void }>();
  listeners.onDelivery = (n) => {
    const event = left.get(n);
    if (!event) return;
    delaysMs.push(performance.now() - event.sentAt);
    event.missing -= 1;
    if (event.missing === 0) event.done();
  };
  const startedAt = performance.now();
  let next = first;
  const sendOneByOne = async (): Promise<void> => {
    while (next < first + events) {
      const n = next++;
      const delivered = new Promise<void>((done) => left.set(n, { sentAt: performance.now(), missing: sockets, done }));
      await Promise.all([listeners.publish(n), delivered]);
      left.delete(n);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, sendOneByOne));
  return { deliveriesPerSecond: (sockets * events) / ((performance.now() - startedAt) / 1000), delaysMs };
}

/** @param share 0.5 is the median */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}
