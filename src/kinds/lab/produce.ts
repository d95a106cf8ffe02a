/** A produce step is a LoadTest of its own, with producers only: it sends its messages once, whatever becomes of the operator. */
import type { LabStep } from '../../api/lab/steps.ts';
import type { LoadTestSpec } from '../../api/loadtest/spec.ts';

type Json = Record<string, unknown>;

/** `test`: the LoadTest to whose topic it sends; absent: the step names the topic. */
export function produceSpec(
  { topic, messages, keys, producers = {} }: NonNullable<LabStep['produce']>,
  test: LoadTestSpec | undefined,
): Json {
  const { record, partitioner } = producers as { record?: Json; partitioner?: { partition?: number } };
  const keyed = keys === undefined ? {} : { record: { ...record, key: { mode: 'Fixed', values: keys } } };
  return {
    ...(test?.kafka === undefined ? {} : { kafka: test.kafka }),
    topic: {
      name: topic ?? test?.topic.name,
      management: 'Existing',
      // The fewest that it has to have.
      ...(typeof partitioner?.partition === 'number' ? { partitions: partitioner.partition + 1 } : {}),
    },
    producers: { ...producers, ...keyed, messages },
  };
}
