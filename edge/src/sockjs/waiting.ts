/** A message that nobody has been there to receive. */
export interface Waiting {
  readonly seq: number;
  readonly text: string;
  /** Newer ones say it better: progress, beats. */
  readonly isDroppable: boolean;
}

/** `chars` are UTF-16 units, as the object holds them: 1 MiB. */
const WAITING_LIMITS = { messages: 1000, chars: 512 * 1024 } as const;

/**
 * Makes room in what waits for a client that is slow to fetch it: what may be dropped goes first, oldest first.
 * @returns null when what must not be dropped does not fit.
 */
export function makeRoom(waiting: readonly Waiting[]): { kept: readonly Waiting[]; dropped: readonly Waiting[] } | null {
  let messages = waiting.length;
  let chars = waiting.reduce((sum, { text }) => sum + text.length, 0);
  const isTooMuch = () => messages > WAITING_LIMITS.messages || chars > WAITING_LIMITS.chars;
  const dropped = new Set<Waiting>();
  for (const one of waiting) {
    if (!isTooMuch()) break;
    if (!one.isDroppable) continue;
    dropped.add(one);
    messages -= 1;
    chars -= one.text.length;
  }
  return isTooMuch() ? null : { kept: waiting.filter((one) => !dropped.has(one)), dropped: [...dropped] };
}
