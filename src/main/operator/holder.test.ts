import { expect, test } from '@jest/globals';
import { holderIdentity, isHolderOfPod } from './holder.ts';

test('only a holder with the pod’s whole name is a process of the pod', () => {
  const ofPod = isHolderOfPod('operator-1');
  expect(ofPod(holderIdentity('operator-1', 'a1b2'))).toBe(true);
  for (const other of ['operator-11_a1b2', 'operator_a1b2', 'operator-1', 'operator-1_x_a1b2', '_a1b2', '']) {
    expect([other, ofPod(other)]).toEqual([other, false]);
  }
});
