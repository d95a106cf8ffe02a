import { expect, test } from '@jest/globals';
import { startPace, takeDue } from './pace.ts';

test('the first message is due at a random moment of the first interval, within a second', () => {
  expect(startPace(1, 1000, 0.25).originAt).toBe(1250);
  expect(startPace(0.1, 1000, 0.5).originAt).toBe(1500);
  expect(startPace(10, 1000, 0.5).originAt).toBe(1050);
});

test('nothing is due before the first message', () => {
  const pace = startPace(1, 0, 0.5);
  expect(takeDue(pace, 499)).toEqual({ count: 0, nextAt: 500, pace });
});

test('messages are due at their times, however late takeDue is called', () => {
  const first = takeDue(startPace(10, 0, 0), 0);
  expect(first).toMatchObject({ count: 1, nextAt: 100 });
  const second = takeDue(first.pace, 299);
  expect(second).toMatchObject({ count: 2, nextAt: 300 });
  expect(takeDue(second.pace, 300)).toMatchObject({ count: 1, nextAt: 400 });
});

test('after a long delay only a second’s worth is sent late, and the rate continues from there', () => {
  const { pace } = takeDue(startPace(10, 0, 0), 0);
  const late = takeDue(pace, 60_050);
  expect(late.count).toBe(10);
  expect(late.nextAt).toBe(60_100);
  expect(takeDue(late.pace, 60_099).count).toBe(0);
  expect(takeDue(late.pace, 60_100).count).toBe(1);
});

test('at less than one message per second one message is sent late', () => {
  const { pace } = takeDue(startPace(0.5, 0, 0), 0);
  expect(takeDue(pace, 100_000)).toMatchObject({ count: 1, nextAt: 102_000 });
});
