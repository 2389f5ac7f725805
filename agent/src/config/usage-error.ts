/** A flag, a variable or the config file is missing something or wrong: exit code 2, the message is the one line to print. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}
