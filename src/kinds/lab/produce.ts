/** The LoadTest of a produce step. It has producers only, so it sends its messages once, even if the operator dies. */
import type { LabStep } from '../../api/lab/steps.ts';
import type { LoadTestSpec } from '../../api/loadtest/spec.ts';

type Json = Record<string, unknown>;

/** `test`: the LoadTest whose topic it writes to; undefined: the step names the topic. */
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
      // At least so many that this partition exists.
      ...(typeof partitioner?.partition === 'number' ? { partitions: partitioner.partition + 1 } : {}),
    },
    producers: { ...producers, ...keyed, messages },
  };
}
