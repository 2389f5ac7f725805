/** Cuts a stream of bytes into lines. One that grows longer than it may is not kept. */
export class Lines {
  readonly #maxBytes: number;
  #rest: Buffer = Buffer.alloc(0);
  #isTooLong = false;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** The lines that are whole now; null in place of one that was too long. */
  push(chunk: Uint8Array): (string | null)[] {
    const lines: (string | null)[] = [];
    let from = 0;
    for (let at = chunk.indexOf(NEWLINE); at >= 0; at = chunk.indexOf(NEWLINE, from)) {
      this.#grow(chunk.subarray(from, at));
      lines.push(this.#take());
      from = at + 1;
    }
    this.#grow(chunk.subarray(from));
    return lines;
  }

  /** The last line, which has no end of its own; undefined when there is none. */
  end(): string | null | undefined {
    return this.#rest.length === 0 && !this.#isTooLong ? undefined : this.#take();
  }

  #grow(piece: Uint8Array): void {
    this.#isTooLong ||= this.#rest.length + piece.length > this.#maxBytes;
    this.#rest = this.#isTooLong ? Buffer.alloc(0) : Buffer.concat([this.#rest, piece]);
  }

  #take(): string | null {
    const line = this.#isTooLong ? null : this.#rest.toString("utf8").replace(/\r$/, "");
    this.#rest = Buffer.alloc(0);
    this.#isTooLong = false;
    return line;
  }
}

const NEWLINE = 0x0a;
