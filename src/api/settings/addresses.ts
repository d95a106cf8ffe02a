/** Addresses of brokers in the forms that Kafka's clients take for bootstrap.servers. */
import type { Rule } from '../schema/schema.ts';

const PORT = '(6553[0-5]|655[0-2][0-9]|65[0-4][0-9]{2}|6[0-4][0-9]{3}|[1-5][0-9]{4}|[1-9][0-9]{0,3})';
const HOST = '([0-9A-Za-z._-]+|\\[[0-9A-Fa-f:.]+(%[0-9A-Za-z._-]+)?\\])';
const ADDRESS = `(PLAINTEXT://|plaintext://)?${HOST}:${PORT}`;
/** Pattern (RE2) of one or more addresses with commas between them. */
export const ADDRESSES_PATTERN = `^ *${ADDRESS}( *, *${ADDRESS})* *$`;

export const ADDRESSES_HINT =
  'write host:port with a port from 1 to 65535, several separated by commas, e.g. my-cluster-kafka-bootstrap.kafka.svc:9092 or [2001:db8::1]:9092; of protocols only PLAINTEXT:// may stand before an address, since this version connects without encryption and authentication';

const pattern = new RegExp(ADDRESSES_PATTERN);
export const areAddresses = (text: string): boolean => pattern.test(text);

export const addressesRule: Rule<string> = {
  cel: `self.matches('${ADDRESSES_PATTERN.replaceAll('\\', '\\\\')}')`,
  message: `is not a list of addresses; ${ADDRESSES_HINT}`,
  holds: areAddresses,
};

/** The addresses as every client takes them: host:port, separated by commas, without spaces and protocol. */
export const plainAddresses = (text: string): string =>
  text
    .split(',')
    .map((address) => address.trim().replace(/^plaintext:\/\//i, ''))
    .join(',');
