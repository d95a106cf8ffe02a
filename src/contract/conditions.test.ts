import { expect, test } from '@jest/globals';
import { setCondition } from './conditions.ts';

const ready = (status: 'True' | 'False', message: string) =>
  ({ type: 'Ready', status, reason: 'R', message, observedGeneration: 1 }) as const;

test('lastTransitionTime changes only if the status changes', () => {
  const first = setCondition(undefined, ready('False', 'waiting'), 1_800_000_000_999);
  expect(first).toEqual([{ ...ready('False', 'waiting'), lastTransitionTime: '2027-01-15T08:00:00Z' }]);
  const second = setCondition(first, ready('False', 'still waiting'), 1_800_000_060_000);
  expect(second).toEqual([{ ...ready('False', 'still waiting'), lastTransitionTime: '2027-01-15T08:00:00Z' }]);
  const third = setCondition(second, ready('True', 'there'), 1_800_000_120_000);
  expect(third[0]?.lastTransitionTime).toBe('2027-01-15T08:02:00Z');
});

test('the other conditions keep their values and order', () => {
  const conditions = ['A', 'Ready', 'B'].reduce(
    (all, type) => setCondition(all, { ...ready('True', ''), type }, 0),
    [] as ReturnType<typeof setCondition>,
  );
  expect(setCondition(conditions, ready('False', ''), 0).map(({ type, status }) => `${type} ${status}`)).toEqual([
    'A True',
    'Ready False',
    'B True',
  ]);
});
