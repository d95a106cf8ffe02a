import type { Random } from './ports.ts';

/** Exponential backoff: base, 2 x base, 4 x base, … up to the limit, each shortened by up to a half at random so that many do not come back at once. */
export interface Backoff {
  baseMs: number;
  limitMs: number;
}

/** Milliseconds to wait after the n-th failure in a row (1, 2, …). */
export function waitAfter(failures: number, { baseMs, limitMs }: Backoff, random: Random): number {
  const full = Math.min(limitMs, baseMs * 2 ** Math.min(failures - 1, 30));
  return Math.round(full * (0.5 + random() / 2));
}
