const GIB = 2 ** 30;

/** A GPU's memory as it is sold: its driver names a little less, and a model for "24 GB" runs on a card of 24 GB. */
export const memoryAsSold = (bytes: number): number => Math.ceil(bytes / GIB) * GIB;

/** As it is sold: 24 GB are 24 × 2³⁰ bytes. */
export const formatMemory = (bytes: number): string => `${Math.round((bytes / GIB) * 10) / 10} GB`;
