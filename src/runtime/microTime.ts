import type { EpochMs } from '../contract/time.ts';

/** A metav1.MicroTime: RFC 3339 with exactly six fractional digits. The API server refuses three. */
export const microTime = (at: EpochMs): string => {
  const micros = Math.round((at - Math.floor(at)) * 1000);
  const milliseconds = new Date(Math.floor(at)).toISOString().slice(0, -1);
  return `${milliseconds}${String(Math.min(micros, 999)).padStart(3, '0')}Z`;
};
