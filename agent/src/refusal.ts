/** Ends the program. The message is the one line that its owner reads, so it says what to do. */
export class Refusal extends Error {
  override readonly name = "Refusal";
  readonly exitCode: number;

  constructor(message: string, { exitCode = 1, ...options }: ErrorOptions & { exitCode?: number } = {}) {
    super(message, options);
    this.exitCode = exitCode;
  }
}

/** The edge does not want this agent as it is: whoever starts it again, a service say, would be told the same. */
export const REFUSED_BY_EDGE = 4;
