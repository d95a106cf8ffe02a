import { expect, test } from '@jest/globals';
import { holderOf, wasOfPod } from './holder.ts';

test('of a pod are the processes under its whole name', () => {
  const ofPod = wasOfPod('operator-1');
  expect(ofPod(holderOf('operator-1', 'a1b2'))).toBe(true);
  for (const other of ['operator-11_a1b2', 'operator_a1b2', 'operator-1', 'operator-1_x_a1b2', '_a1b2', '']) {
    expect([other, ofPod(other)]).toEqual([other, false]);
  }
});
