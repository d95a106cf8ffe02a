import { expect, test } from '@jest/globals';
import { withoutJavaClass } from './answer.ts';

const KAFKA = 'org.apache.kafka.common.errors';

test.each([
  [`${KAFKA}.InvalidConfigurationException: Unknown topic config name: x`, 'Unknown topic config name: x'],
  [`${KAFKA}.InvalidReplicationFactorException: Unable to replicate`, 'Unable to replicate'],
  [`java.util.concurrent.ExecutionException: ${KAFKA}.TimeoutException: Timed out`, 'Timed out'],
  [`${KAFKA}.NotControllerException: `, 'NotControllerException'],
  [`${KAFKA}.TimeoutException`, 'TimeoutException'],
  [`io.strimzi.Outer$Inner: no`, 'no'],
  ['Decreasing partitions not supported', 'Decreasing partitions not supported'],
  ['see org.apache.kafka: there', 'see org.apache.kafka: there'],
])('%s: the message is %s', (said, stripped) => {
  expect(withoutJavaClass(said)).toBe(stripped);
});
