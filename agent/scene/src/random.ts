/** Seeded randomness: the same seed and purpose give the same numbers in every process. */

export interface Random {
  /** Uniform in [0, 1). */
  next(): number;
  /** Uniform in [low, high). */
  between(low: number, high: number): number;
  /** Standard normal. */
  gaussian(): number;
  pick<Item>(items: readonly Item[]): Item | undefined;
}

const TWO_TO_32 = 2 ** 32;
/** Rounds that sfc32 needs before its output no longer shows the seed. */
const WARM_UP_ROUNDS = 16;
const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;

export function hashText(text: string): number {
  let hash = FNV_OFFSET;
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), FNV_PRIME);
  }
  return hash >>> 0;
}

/**
 * @param seed 0 .. 2^53-1; both halves go into the state, so seeds that differ only in high bits differ too.
 * @param purpose names the stream, so that drawing one more star does not move the cat.
 */
export function randomFor(seed: number, purpose: string): Random {
  // sfc32: 128 bits of state, passes PractRand, plain 32-bit arithmetic.
  let a = seed >>> 0;
  let b = Math.floor(seed / TWO_TO_32) >>> 0;
  let c = hashText(purpose);
  let counter = 1;
  const nextUint32 = (): number => {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return sum >>> 0;
  };
  for (let round = 0; round < WARM_UP_ROUNDS; round += 1) nextUint32();

  const next = (): number => nextUint32() / TWO_TO_32;
  return {
    next,
    between: (low, high) => low + (high - low) * next(),
    gaussian: () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next()),
    pick: (items) => items[Math.floor(next() * items.length)],
  };
}
