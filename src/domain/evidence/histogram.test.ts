import { expect, test } from '@jest/globals';
import { build, encodeIntoCompressedBase64 } from 'hdr-histogram-js';
import { createDistribution, createRecorder } from './histogram.ts';

test('deltas of several recorders merge into one distribution, in ms', () => {
  const first = createRecorder();
  const second = createRecorder();
  for (let ms = 1; ms <= 100; ms++) (ms % 2 === 0 ? first : second).record(ms);
  const all = createDistribution();
  for (const encoded of [first.takeEncoded(), second.takeEncoded()]) expect(all.merge(encoded ?? '')).toBe(true);
  expect(all.count).toBe(100);
  const summary = all.summary();
  for (const [name, ms] of Object.entries({ p50: 50, p95: 95, p99: 99, max: 100 })) {
    const value = summary?.[name as keyof typeof summary] ?? 0;
    expect(value).toBeGreaterThanOrEqual(ms * 0.99);
    expect(value).toBeLessThanOrEqual(ms * 1.01);
  }
});

test('a recorder returns each value once', () => {
  const recorder = createRecorder();
  expect(recorder.takeEncoded()).toBeUndefined();
  recorder.record(3);
  const all = createDistribution();
  all.merge(recorder.takeEncoded() ?? '');
  expect(recorder.takeEncoded()).toBeUndefined();
  recorder.record(5);
  all.merge(recorder.takeEncoded() ?? '');
  expect(all.count).toBe(2);
  expect(all.summary()?.max).toBeCloseTo(5, 1);
});

test('plain numbers keep their unit: records per poll', () => {
  const sizes = createRecorder('count');
  for (const size of [500, 500, 500, 12]) sizes.record(size);
  const all = createDistribution('count');
  all.merge(sizes.takeEncoded() ?? '');
  expect(all.percentile(50)).toBe(500);
  expect(all.percentile(25)).toBe(12);
});

test('NaN, infinite and negative values are tolerated', () => {
  const recorder = createRecorder();
  for (const value of [-1, Number.NaN, Number.POSITIVE_INFINITY, 1e300, 0]) recorder.record(value);
  const all = createDistribution();
  expect(all.merge(recorder.takeEncoded() ?? '')).toBe(true);
  expect(all.count).toBe(4);
});

test.each(['', 'nonsense', 'HISTFAAA', '{}'])(
  '%j is not a histogram: merge returns false and changes nothing',
  (text) => {
    const all = createDistribution();
    expect(all.merge(text)).toBe(false);
    expect(all.summary()).toBeNull();
    expect(all.percentile(50)).toBeNull();
  },
);

test('deltas with one value and with several merge alike, in any order', () => {
  const deltas = Array.from({ length: 200 }, (_, n) => {
    const recorder = createRecorder();
    for (let i = 0; i <= n % 3; i++) recorder.record(((n % 20) + i) * 3.7);
    return recorder.takeEncoded() ?? '';
  });
  const [forward, backward] = [createDistribution(), createDistribution()];
  for (const delta of deltas) forward.merge(delta);
  for (const delta of deltas.toReversed()) backward.merge(delta);
  expect(forward.count).toBe(67 + 2 * 67 + 3 * 66);
  expect(forward.summary()).toEqual(backward.summary());
  expect(forward.summary()?.max).toBeCloseTo(21 * 3.7, 0);
});

test('a recorder without values returns undefined', () => {
  const all = createDistribution();
  all.merge(encodeIntoCompressedBase64(build()));
  expect(all.summary()).toBeNull();
});
