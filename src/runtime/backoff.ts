import type { Random } from './ports.ts';

/**
 * Exponential backoff: base, 2 x base, 4 x base, … up to the limit. Each wait is shortened by a random part of up to one
 * half, so that many waiters do not return at the same moment.
 */
export interface Backoff {
  baseMs: number;
  limitMs: number;
}

/** Milliseconds to wait after the n-th consecutive failure (1, 2, …). */
export function waitAfter(failures: number, { baseMs, limitMs }: Backoff, random: Random): number {
  const full = Math.min(limitMs, baseMs * 2 ** Math.min(failures - 1, 30));
  return Math.round(full * (0.5 + random() / 2));
}
