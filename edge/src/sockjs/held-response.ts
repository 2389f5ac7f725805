/** A response whose end is not known yet, written to as things happen. */
export class HeldResponse {
  readonly body: ReadableStream<Uint8Array>;
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  readonly #encoder = new TextEncoder();
  #isEnding = false;

  /**
   * `taken` is called when all that was written has been read and more is wanted, `gone` when the reader has left.
   * A TransformStream would never tell the latter.
   */
  constructor(tell: { taken: () => void; gone: () => void }) {
    this.body = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#controller = controller;
        },
        pull: (controller) => {
          // What is taken now; being told so may write the end, which is then still to be taken.
          const wasLast = this.#isEnding;
          tell.taken();
          if (wasLast) controller.close();
        },
        cancel: () => tell.gone(),
      },
      { highWaterMark: 0 },
    );
  }

  write(text: string, isLast: boolean): void {
    this.#controller?.enqueue(this.#encoder.encode(text));
    // Closed at once, it would never say whether this was taken, nor that its reader left before.
    if (isLast) this.#isEnding = true;
  }
}
