import { expect, test } from '@jest/globals';
import { KafkaClusters } from './clusters.ts';

test('without any bootstrap servers the view says what to write', async () => {
  const clusters = new KafkaClusters('', console);
  expect(await clusters.view({ topic: 't' })).toEqual({
    unavailable: expect.stringContaining('spec.kafka.bootstrapServers'),
  });
  await clusters.end();
});

test('an unreachable Kafka is described in a sentence', async () => {
  const clusters = new KafkaClusters('127.0.0.1:1', console);
  expect(await clusters.view({ topic: 't' })).toEqual({
    unavailable: expect.stringMatching(/^Kafka at 127\.0\.0\.1:1 does not answer: /),
  });
  await clusters.end();
});
