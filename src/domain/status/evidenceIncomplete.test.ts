import { expect, test } from '@jest/globals';
import type { MissingEvidence } from '../figures/missingEvidence.ts';
import { evaluateEvidenceIncomplete } from './evidenceIncomplete.ts';

const round = (missing: MissingEvidence | undefined, before: Parameters<typeof evaluateEvidenceIncomplete>[0] = []) =>
  evaluateEvidenceIncomplete(before, missing, 'kafkalab-evidence', 1, 0);

test('complete evidence has no condition', () => {
  expect(round(undefined)).toEqual({ conditions: [], events: [] });
  expect(round({})).toEqual({ conditions: [], events: [] });
});

// biome-ignore format: one situation a line
test.each<[MissingEvidence, reason: string, says: string[]]>([
  [{ deleted: { from: 20, to: 58 } }, 'EvidenceDeleted', ['offsets 20 to 57 of topic kafkalab-evidence', 'counts may be too low', 'set retention.ms of topic kafkalab-evidence']],
  [{ recreated: true }, 'TopicRecreated', ['was deleted and created again', 'counts may be too low', 'do not delete topic kafkalab-evidence']],
  [{ deleted: { from: 0, to: 1 }, recreated: true }, 'TopicRecreated', ['was deleted and created again']],
])('%j is said with its effect and what to change', (missing, reason, says) => {
  const { conditions, events } = round(missing);
  expect(conditions).toMatchObject([{ type: 'EvidenceIncomplete', status: 'True', reason }]);
  for (const part of says) expect(conditions[0]?.message).toContain(part);
  expect(events).toMatchObject([{ type: 'Warning', reason: 'EvidenceIncomplete', message: conditions[0]?.message }]);
});

test('it stays when a restarted operator no longer sees what is missing, and has one Event per reason', () => {
  const { conditions } = round({ deleted: { from: 0, to: 3 } });
  expect(round(undefined, conditions)).toEqual({ conditions, events: [] });
  const more = round({ deleted: { from: 0, to: 9 } }, conditions);
  expect(more.events).toEqual([]);
  expect(more.conditions[0]?.message).toContain('offsets 0 to 8 ');
  expect(round({ recreated: true }, conditions).events).toHaveLength(1);
});
