import { expect, test } from '@jest/globals';
import { actionError, sentence } from './errors.ts';

const protocolError = (apiId: string, serverErrorMessage: string) => ({ apiId, serverErrorMessage, message: 'short' });
const nested = (...errors: unknown[]) => ({ message: 'Creating topics failed.', errors: [{ message: 'v7', errors }] });

test('a sentence has Kafka’s own message, however deep the library nests it', () => {
  const error = nested(protocolError('INVALID_CONFIG', 'Unknown topic config name: retention.millis'));
  expect(sentence(error)).toBe('INVALID_CONFIG: Unknown topic config name: retention.millis');
});

test('an error without a message is described by its name', () => {
  expect(sentence(nested(protocolError('COORDINATOR_NOT_AVAILABLE', '')))).toBe('COORDINATOR_NOT_AVAILABLE');
});

test('without an answer the sentence has the connection’s error, once', () => {
  const refused = { message: 'Connection to 10.0.0.1:9092 failed.' };
  expect(sentence({ message: 'metadata failed 2 times.', errors: [refused, refused] })).toBe(refused.message);
});

test.each([
  ['INVALID_REPLICATION_FACTOR', 'Refused'],
  ['NON_EMPTY_GROUP', 'Refused'],
  ['NOT_CONTROLLER', 'Unexpected'],
])('%s is %s', (name, reason) => {
  expect(actionError('creating topic t', nested(protocolError(name, 'why')))).toMatchObject({
    reason,
    message: `creating topic t: ${name}: why`,
  });
});

test('no answer is Unreachable', () => {
  expect(actionError('deleting group g', { message: 'Connection failed.' })).toMatchObject({ reason: 'Unreachable' });
});
