import type { SessionState } from "../stomp/session-state.ts";

/** What a session's texts travel on: a WebSocket, or one HTTP request after the other. It keeps the session's state too. */
export interface Carrier {
  /** Null when there is no session. */
  state(): SessionState | null;
  save(state: SessionState): void;
  /**
   * @param isDroppable whether a client that is slow to take it may do without.
   * @returns false when it turns out that nobody takes it any more.
   */
  send(text: string, isDroppable: boolean): boolean;
  close(code: number, reason: string): void;
  /** When it wants `onDue` next; null for never. */
  dueAt(): number | null;
  /** @returns false when its client has gone. */
  onDue(): boolean;
  /** Whether nothing of it has to be kept any longer. */
  isOver(): boolean;
}
