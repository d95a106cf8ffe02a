/** Number, percentiles (by nearest rank) and maximum of values. */
export function summary(values: number[], digits: number) {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (q: number) =>
    rounded(sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? Number.NaN, digits);
  return { n: values.length, p50: at(0.5), p95: at(0.95), max: at(1) };
}

export const rounded = (value: number, digits = 0): number => Math.round(value * 10 ** digits) / 10 ** digits;
