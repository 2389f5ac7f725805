/** What one peer may make a session hold. All of it is checked before anything is believed about the peer. */
export const STOMP_LIMITS = {
  /** One frame, head and body, as Spring has it. */
  frameBytes: 64 * 1024,
  /** Input that has arrived and is not read yet; a message may hold many frames. */
  bufferedBytes: 1024 * 1024,
  headers: 100,
  headerLineChars: 8 * 1024,
  subscriptions: 64,
  transactions: 16,
  /** SENDs that wait for their COMMIT, of all open transactions, and their bytes with headers. */
  heldSends: 100,
  heldBytes: 256 * 1024,
  /** Subscriptions and open transactions live in the socket's attachment, which holds 16,384 bytes in all. */
  rememberedBytes: 15_000,
  connectWithinMs: 15_000,
} as const;
