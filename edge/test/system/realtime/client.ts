/** One MESSAGE as a page gets it. */
export interface Received {
  destination: string;
  /** How to say later that it has been had; replies have none. */
  eventId: string | null;
  body: Record<string, unknown>;
}

/** A client library at work: connected as a user and subscribed to everything that is the user's. */
export interface ConnectedClient {
  /** Every message so far, in order, across its connections. */
  readonly received: readonly Received[];
  /** Beats of the server's so far. */
  readonly beats: number;
  send(destination: string, headers: Record<string, string>, body: unknown): void;
  /** The connection breaks without a word of STOMP. */
  cut(): void;
  /** Comes back after a cut, by itself where the library does that, and says which end it had last. */
  comeBack(): Promise<void>;
  /** Ends it as its library does; resolves when its connection is gone. */
  disconnect(): Promise<void>;
}

/** A client library on one transport. */
export interface ClientKind {
  name: string;
  /**
   * @param beatMs the pace at which both sides are to beat
   * @throws {Error} with what the server said when it refuses.
   */
  connect(baseUrl: string, token: string, beatMs: number): Promise<ConnectedClient>;
}

export const DESTINATIONS = { progress: "/user/topic/progress", result: "/user/topic/result", reply: "/user/queue/reply" } as const;

/** What all libraries have in common: a message is headers and text. */
interface LibraryMessage {
  headers: Record<string, string | undefined>;
  body: string;
}

/** What a page remembers of its messages, whatever brought them. */
export class Inbox {
  readonly received: Received[] = [];
  beats = 0;

  /** For a library's log: it says `<<< PONG` for each beat. */
  readonly watch = (line: unknown): void => {
    if (String(line).includes("<<< PONG")) this.beats += 1;
  };

  /** Subscribes to all three, from where it was. */
  subscribeAll(subscribe: (destination: string, take: (message: LibraryMessage) => void, headers: Record<string, string>) => void): void {
    const lastEnd = this.received.findLast(({ destination }) => destination === DESTINATIONS.result)?.eventId;
    for (const destination of Object.values(DESTINATIONS)) {
      const take = ({ headers, body }: LibraryMessage) =>
        void this.received.push({
          destination,
          eventId: headers["event-id"] ?? null,
          body: JSON.parse(body) as Record<string, unknown>,
        });
      subscribe(destination, take, destination === DESTINATIONS.result && lastEnd ? { "last-event-id": lastEnd } : {});
    }
  }
}
