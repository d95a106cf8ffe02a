/** The condition EvidenceIncomplete: some evidence of a run was deleted before it was read. It stays until the run is deleted. */
import { setCondition } from '../../contract/conditions.ts';
import type { Notice } from '../../contract/kind.ts';
import type { Condition } from '../../contract/kubernetes.ts';
import type { EpochMs } from '../../contract/time.ts';
import type { MissingEvidence } from '../figures/missingEvidence.ts';

const TYPE = 'EvidenceIncomplete';

/** `topic`: the evidence topic. An Event is written when the reason is new. */
export function evaluateEvidenceIncomplete(
  conditions: Condition[],
  missing: MissingEvidence | undefined,
  topic: string,
  observedGeneration: number,
  now: EpochMs,
): { conditions: Condition[]; events: Notice[] } {
  const why = missing === undefined ? undefined : explain(missing, topic);
  if (why === undefined) return { conditions, events: [] };
  const before = conditions.find(({ type }) => type === TYPE);
  const condition = { type: TYPE, status: 'True' as const, ...why, observedGeneration };
  return {
    conditions: setCondition(conditions, condition, now),
    events: before?.reason === why.reason ? [] : [{ type: 'Warning', reason: TYPE, message: why.message }],
  };
}

const EFFECT =
  'the figures lack what was reported there: counts may be too low, and rebalances are numbered from the first that can still be read';

function explain(
  { deleted, recreated }: MissingEvidence,
  topic: string,
): { reason: string; message: string } | undefined {
  if (recreated) {
    return {
      reason: 'TopicRecreated',
      message: `topic ${topic} was deleted and created again during the run, so its earlier evidence is gone; ${EFFECT}; do not delete topic ${topic} while labs run, and create this resource again for complete figures`,
    };
  }
  if (deleted === undefined) return undefined;
  return {
    reason: 'EvidenceDeleted',
    message: `offsets ${deleted.from} to ${deleted.to - 1} of topic ${topic} were deleted before they were read; ${EFFECT}; set retention.ms of topic ${topic} to more than the length of a run, and retention.bytes to -1`,
  };
}
