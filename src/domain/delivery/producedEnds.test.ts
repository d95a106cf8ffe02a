import { expect, test } from '@jest/globals';
import type { LagSample } from '../evidence/facts.ts';
import { ifWhole, type ProducedEnds, producedEnds } from './producedEnds.ts';
import type { Acknowledged } from './producers.ts';

const sample = (at: number, ...ends: number[]): LagSample => ({
  type: 'LagSample',
  at,
  spreadMs: 1,
  groupState: 'Stable',
  groupMembers: 1,
  partitions: ends.map((endOffset, partition) => ({ partition, endOffset, committedOffset: null, beginningOffset: 0 })),
});
const after = (acknowledged: Acknowledged, ...samples: LagSample[]): number[] | undefined => {
  const ends = samples.reduce<ProducedEnds | undefined>((all, one) => producedEnds(all, one, acknowledged), undefined);
  return ends && [...ends.endOffsets.values()];
};

// biome-ignore format: one situation a line
test.each<[situation: string, acknowledged: Acknowledged, samples: LagSample[], ends: number[] | undefined]>([
  ['no sample', { records: 20, until: 600 }, [], undefined],
  ['a sample before the last acknowledgement', { records: 20, until: 600 }, [sample(599, 90, 90)], undefined],
  ['the first sample after it', { records: 20, until: 600 }, [sample(599, 80, 80), sample(600, 90, 90), sample(700, 95, 97)], [90, 90]],
  ['a sample of before that arrives late changes nothing', { records: 20, until: 600 }, [sample(650, 90, 90), sample(500, 10, 10)], [90, 90]],
  ['acks: "0": fewer records than were acknowledged', { records: 20, until: 600 }, [sample(650, 9, 10), sample(750, 10, 10), sample(850, 50, 50)], [10, 10]],
  ['nothing has been acknowledged', { records: 0 }, [sample(100, 3, 4), sample(200, 5, 6)], [3, 4]],
])('%s', (_situation, acknowledged, samples, expected) => {
  expect(after(acknowledged, ...samples)).toEqual(expected);
});

test('a later acknowledgement needs later ends', () => {
  const early = producedEnds(undefined, sample(700, 90, 90), { records: 20, until: 600 });
  expect(ifWhole(early, { records: 20, until: 700 })).toBe(early);
  expect(ifWhole(early, { records: 21, until: 701 })).toBeUndefined();
  const late = producedEnds(early, sample(800, 95, 95), { records: 21, until: 701 });
  expect(late).toMatchObject({ at: 800 });
});
