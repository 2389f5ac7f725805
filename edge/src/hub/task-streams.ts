import { HEARTBEAT, OPENING } from "../events/event-text.ts";

/** Streams of one user; the oldest makes room. */
const MAX_STREAMS = 50;
/** What a reader may leave unread; then it is told only the end. */
const MAX_UNREAD = 64;
/** Then the client has to show again that it may listen. */
const MAX_AGE_MS = 3_600_000;

interface OpenStream {
  readonly taskId: string;
  readonly authSessionId: string;
  /** When it is closed at the latest, Unix milliseconds. */
  readonly until: number;
  readonly controller: ReadableStreamDefaultController<Uint8Array>;
}

const utf8 = new TextEncoder();

/** Server-Sent Events streams of one user's tasks. They live in memory: a client whose stream is cut comes again. */
export class TaskStreams {
  readonly #streams = new Set<OpenStream>();
  readonly #onOccupied: (isOccupied: boolean) => void;

  /** @param onOccupied called when the first stream opens and when the last one is gone. */
  constructor(onOccupied: (isOccupied: boolean) => void) {
    this.#onOccupied = onOccupied;
  }

  /** A stream that begins with what is known already, and ends with its listener's token. @param expiresAt of that, Unix milliseconds */
  open(
    { taskId, authSessionId, expiresAt }: Pick<OpenStream, "taskId" | "authSessionId"> & { expiresAt: number },
    known: readonly string[],
    now: number,
  ): ReadableStream<Uint8Array> {
    const [oldest] = this.#streams;
    if (oldest && this.#streams.size >= MAX_STREAMS) this.#close(oldest);
    let stream: OpenStream;
    return new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          stream = { taskId, authSessionId, until: Math.min(expiresAt, now + MAX_AGE_MS), controller };
          this.#streams.add(stream);
          if (this.#streams.size === 1) this.#onOccupied(true);
          for (const text of [OPENING, ...known]) controller.enqueue(utf8.encode(text));
        },
        cancel: () => this.#forget(stream),
      },
      { highWaterMark: MAX_UNREAD },
    );
  }

  /** How many there are of that task. */
  count(taskId: string): number {
    return [...this.#streams].filter((stream) => stream.taskId === taskId).length;
  }

  send(taskId: string, text: string): void {
    for (const stream of this.#streams) if (stream.taskId === taskId) this.#write(stream, text);
  }

  /** The last event of a task. */
  end(taskId: string, text: string): void {
    for (const stream of this.#streams) {
      if (stream.taskId !== taskId) continue;
      stream.controller.enqueue(utf8.encode(text));
      this.#close(stream);
    }
  }

  endAuthSession(authSessionId: string): void {
    for (const stream of this.#streams) if (stream.authSessionId === authSessionId) this.#close(stream);
  }

  endAll(): void {
    for (const stream of this.#streams) this.#close(stream);
  }

  beat(now: number): void {
    for (const stream of this.#streams) {
      if (now >= stream.until) this.#close(stream);
      else this.#write(stream, HEARTBEAT);
    }
  }

  #write({ controller }: OpenStream, text: string): void {
    // Newest wins: a reader that is behind misses steps, never the end.
    if ((controller.desiredSize ?? 0) > 0) controller.enqueue(utf8.encode(text));
  }

  #close(stream: OpenStream): void {
    this.#forget(stream);
    stream.controller.close();
  }

  #forget(stream: OpenStream): void {
    if (this.#streams.delete(stream) && this.#streams.size === 0) this.#onOccupied(false);
  }
}
