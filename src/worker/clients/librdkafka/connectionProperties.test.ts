import { expect, test } from '@jest/globals';
import { connectionProperties } from './connectionProperties.ts';

test('the properties of the connection, without those of producing or consuming', () => {
  expect(
    connectionProperties({
      'security.protocol': 'SASL_SSL',
      'sasl.username': 'me',
      'ssl.ca.pem': 'x',
      acks: '0',
      'linger.ms': '3000',
      'group.protocol': 'consumer',
      'socket.send.buffer.bytes': '1',
    }),
  ).toEqual({ 'security.protocol': 'SASL_SSL', 'sasl.username': 'me', 'ssl.ca.pem': 'x' });
});
