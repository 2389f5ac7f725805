/** Ends the program with exit code 1. The message is the one line that its owner reads, so it says what to do. */
export class Refusal extends Error {
  override readonly name = "Refusal";
}
