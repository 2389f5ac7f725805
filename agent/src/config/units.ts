/** `90s`, `30m`, `2h`, `1d` or a sum such as `1h30m` in milliseconds; null when it is none. */
export function parseDuration(text: string): number | null {
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)([smhd])/g)];
  if (parts.length === 0 || parts.map(([part]) => part).join("") !== text) return null;
  return parts.reduce((sum, [, count, unit]) => sum + Number(count) * (UNIT_MS[unit ?? ""] ?? 0), 0);
}

const UNIT_MS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** `500MB`, `2GB` or a number of bytes; null when it is neither. Thousands, as disks are sold. */
export function parseBytes(text: string): number | null {
  const [, count, unit = ""] = /^(\d+(?:\.\d+)?)\s*(KB|MB|GB|TB|B)?$/i.exec(text) ?? [];
  return count === undefined ? null : Math.round(Number(count) * (BYTES[unit.toUpperCase()] ?? 1));
}

const BYTES: Readonly<Record<string, number>> = { B: 1, KB: 1e3, MB: 1e6, GB: 1e9, TB: 1e12 };

/** A part of each day, in minutes since midnight by the clock of the box. It may go over midnight. */
export interface HoursOfDay {
  fromMinute: number;
  toMinute: number;
}

/** `22:00-07:30`; null when it is none. */
export function parseHours(text: string): HoursOfDay | null {
  const [, ...numbers] = /^(\d{1,2}):(\d{2})\s*-\s*(\d{1,2}):(\d{2})$/.exec(text) ?? [];
  const [fromHour = NaN, from = NaN, toHour = NaN, to = NaN] = numbers.map(Number);
  if (!(fromHour <= 24 && from < 60 && toHour <= 24 && to < 60)) return null;
  const hours = { fromMinute: fromHour * 60 + from, toMinute: toHour * 60 + to };
  return hours.fromMinute > 1440 || hours.toMinute > 1440 || hours.fromMinute === hours.toMinute ? null : hours;
}

/** Whether the minute of the day is in one of them. */
export function isWithin(hours: readonly HoursOfDay[], minute: number): boolean {
  return hours.some(({ fromMinute, toMinute }) =>
    fromMinute < toMinute ? minute >= fromMinute && minute < toMinute : minute >= fromMinute || minute < toMinute,
  );
}

export function formatBytes(bytes: number): string {
  const found = Object.entries(BYTES).findLast(([, size]) => bytes >= size);
  const [unit, size] = found ?? ["B", 1];
  const count = bytes / size;
  return `${count < 10 && size > 1 ? count.toFixed(1) : Math.round(count)} ${unit}`;
}
