/** A call of D1, R2 or a hub that failed because the day is a bad one. */
class Interruption extends Error {}

export const interrupt = (): never => {
  throw new Interruption("interrupted");
};

/** Also when somebody has wrapped it. */
function isInterruption(error: unknown): boolean {
  for (let e = error; e instanceof Error; e = e.cause) if (e instanceof Interruption) return true;
  return false;
}

/** @returns null when a fault came in between. @throws whatever else was wrong. */
export async function unlessInterrupted<T>(call: () => Promise<T>): Promise<T | null> {
  try {
    return await call();
  } catch (error) {
    if (!isInterruption(error)) throw error;
    return null;
  }
}
