/** Chooses the partition of a run's evidence, see docs/decisions/0002-one-partition-per-run.md. */
import type { KafkaView } from '../../contract/kafkaView.ts';
import type { EvidenceNeed } from '../../contract/needs.ts';

export type EvidencePlace = Pick<EvidenceNeed, 'topic' | 'partition' | 'offset'>;

/** 32-bit FNV-1a hash. Spreads runs over the partitions of the evidence topic. */
function fnv1a(text: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193) >>> 0;
  return h;
}

/** Partition and first offset for a run that begins now. undefined: the evidence topic does not exist yet. */
export function evidencePlace(run: string, { evidence: { topic, endOffsets } }: KafkaView): EvidencePlace | undefined {
  if (endOffsets.length === 0) return undefined;
  const partition = fnv1a(run) % endOffsets.length;
  return { topic, partition, offset: endOffsets[partition] ?? 0 };
}
