/** One MESSAGE as a page gets it. */
export interface Received {
  destination: string;
  body: Record<string, unknown>;
}

/** A client library at work: connected as a user and subscribed to everything that is the user's. */
export interface ConnectedClient {
  /** Every message so far, in order. */
  readonly received: readonly Received[];
  send(destination: string, headers: Record<string, string>, body: unknown): void;
  /** Ends it as its library does; resolves when its connection is gone. */
  disconnect(): Promise<void>;
  /** The connection breaks without a word of STOMP. */
  cut(): void;
}

/** A client library on one transport. */
export interface ClientKind {
  name: string;
  /** @throws {Error} with what the server said when it refuses. */
  connect(baseUrl: string, token: string): Promise<ConnectedClient>;
}

export const DESTINATIONS = { progress: "/user/topic/progress", result: "/user/topic/result", reply: "/user/queue/reply" } as const;
