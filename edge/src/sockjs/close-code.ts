/** What SockJS says when nothing is wrong. */
const GO_AWAY = [3000, "Go away!"] as const;

/** The end of a session as a SockJS close frame has it; an ordinary one is its own code. */
export function closeFrameOf(code: number, reason: string): [code: number, reason: string] {
  return code === 1000 ? [...GO_AWAY] : [code, reason];
}
