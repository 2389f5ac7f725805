export interface LiveSession {
  readonly objectId: string;
  /** What CONNECTED called it: the object's next session is another one. */
  readonly name: string;
  /** The sign-in its token came from: a logout ends all of them. */
  readonly authSessionId: string;
  readonly registeredAt: number;
  readonly destinations: readonly string[];
}

/** Sockets of one user; the oldest makes room. */
export const MAX_SESSIONS = 500;
/** Longer than a CONNECT can take between the check of its token and its registration. */
const ENDED_AUTH_MS = 60_000;
/** The same where it keeps out everybody: an account that is enabled again at once has its sockets back a little later. */
const CONNECT_MS = 10_000;

/** Which sockets one user has, oldest first, and what each of them subscribed to. */
export class SessionRegistry {
  readonly #sessions: Map<string, LiveSession>;
  readonly #endedAuth = new Map<string, number>();
  #endedAllAt: number | null = null;

  constructor(saved: Iterable<LiveSession>) {
    this.#sessions = new Map([...saved].toSorted((a, b) => a.registeredAt - b.registeredAt).map((session) => [session.objectId, session]));
  }

  /**
   * @returns null when the sign-in has ended meanwhile: its logout could not find a session that was not here yet.
   * Otherwise the sessions that had to make room.
   */
  add(
    { objectId, name, authSessionId }: Pick<LiveSession, "objectId" | "name" | "authSessionId">,
    now: number,
  ): { session: LiveSession; crowdedOut: LiveSession[] } | null {
    if (this.isTurnedAway(authSessionId, now)) return null;
    this.#sessions.delete(objectId);
    const crowdedOut = [...this.#sessions.values()].slice(0, Math.max(0, this.#sessions.size + 1 - MAX_SESSIONS));
    for (const oldest of crowdedOut) this.#sessions.delete(oldest.objectId);
    const session = { objectId, name, authSessionId, registeredAt: now, destinations: [] };
    this.#sessions.set(objectId, session);
    return { session, crowdedOut };
  }

  get(objectId: string): LiveSession | null {
    return this.#sessions.get(objectId) ?? null;
  }

  remove(objectId: string): boolean {
    return this.#sessions.delete(objectId);
  }

  /** @returns the session as it is now; null when it is unknown, because it ended first. */
  subscribe(objectId: string, destination: string): LiveSession | null {
    return this.#update(objectId, (destinations) => [...destinations.filter((one) => one !== destination), destination]);
  }

  unsubscribe(objectId: string, destination: string): LiveSession | null {
    return this.#update(objectId, (destinations) => destinations.filter((one) => one !== destination));
  }

  subscribersOf(destination: string): string[] {
    return [...this.#sessions.values()].filter((session) => session.destinations.includes(destination)).map(({ objectId }) => objectId);
  }

  /** Whether that sign-in has ended in the last minute, or all have just now. */
  isTurnedAway(authSessionId: string, now: number): boolean {
    if (this.#endedAllAt !== null && now - this.#endedAllAt < CONNECT_MS) return true;
    const endedAt = this.#endedAuth.get(authSessionId);
    return endedAt !== undefined && now - endedAt < ENDED_AUTH_MS;
  }

  /** Takes out every session of a sign-in, and turns away those still on their way in. */
  endAuthSession(authSessionId: string, now: number): LiveSession[] {
    for (const [id, endedAt] of this.#endedAuth) if (now - endedAt >= ENDED_AUTH_MS) this.#endedAuth.delete(id);
    this.#endedAuth.set(authSessionId, now);
    const ended = [...this.#sessions.values()].filter((session) => session.authSessionId === authSessionId);
    for (const { objectId } of ended) this.#sessions.delete(objectId);
    return ended;
  }

  /** Takes out every session, and turns away those still on their way in. */
  endAll(now: number): LiveSession[] {
    this.#endedAllAt = now;
    const ended = [...this.#sessions.values()];
    this.#sessions.clear();
    return ended;
  }

  #update(objectId: string, change: (destinations: readonly string[]) => string[]): LiveSession | null {
    const session = this.#sessions.get(objectId);
    if (!session) return null;
    const changed = { ...session, destinations: change(session.destinations) };
    this.#sessions.set(objectId, changed);
    return changed;
  }
}
