/** Rules for the size of a record: what the producers send must fit the producers' and the topic's limits. */
import { celFormat, type Rule } from '../schema/schema.ts';
import type { Config } from '../settings/values.ts';

/** Headers of a batch with one record, as Kafka's producer counts them for max.request.size: 61 + 21 bytes. */
const MOST_HEADERS = 82;
/** The same at least, as the broker counts them for max.message.bytes: 61 + 9 bytes. */
const LEAST_HEADERS = 70;

interface Parts {
  producers?:
    | {
        client: string;
        config: Config;
        record: {
          sizeBytes?: number | undefined;
          key: { mode: string; values?: string[] | undefined; cardinality?: number | undefined };
        };
      }
    | undefined;
  topic: { config: Config };
}

const bytes = (text: string): number => encodeURIComponent(text.toWellFormed()).replaceAll(/%../g, '_').length;

/** Bytes of the longest key and the value. undefined: sizeBytes is not written, so the value has a few bytes. */
function recordBytes({ producers }: Parts): number | undefined {
  const { sizeBytes, key } = producers?.record ?? {};
  if (sizeBytes === undefined || key === undefined) return undefined;
  if (key.mode === 'Fixed') return sizeBytes + Math.max(0, ...(key.values ?? []).map(bytes));
  return key.mode === 'None' ? sizeBytes : sizeBytes + bytes(`key${(key.cardinality ?? 1) - 1}`);
}

/** Bytes of a batch with the largest record alone: at least, and at most. undefined: the record has a few bytes. */
export function batchBytes(parts: Parts): { least: number; most: number } | undefined {
  const bytes = recordBytes(parts);
  return bytes === undefined ? undefined : { least: bytes + LEAST_HEADERS, most: bytes + MOST_HEADERS };
}

/** The largest sizeBytes with which every record fits into a batch of `limit` bytes. */
export const largestValue = (parts: Parts, limit: number): number =>
  limit - MOST_HEADERS - ((recordBytes(parts) ?? 0) - (parts.producers?.record.sizeBytes ?? 0));

const CEL_PRODUCERS = 'has(self.producers) && has(self.producers.record.sizeBytes)';
const CEL_KEY = 'self.producers.record.key';
/** Bytes of the keys that are longest. */
const CEL_KEYS = `(${CEL_KEY}.mode == 'Fixed' ? (has(${CEL_KEY}.values) ? ${CEL_KEY}.values.map(value, bytes(value).size()) : [0]) : ${CEL_KEY}.mode == 'None' || !has(${CEL_KEY}.cardinality) ? [0] : [3 + string(${CEL_KEY}.cardinality - 1).size()])`;

interface Limit {
  /** The settings with the limit. */
  of: (parts: Parts) => Config | undefined;
  celOf: string;
  /** Where they stand. */
  where: string;
  setting: string;
  /** undefined: the limit is not in the manifest. */
  default: number | undefined;
  headers: number;
  applies: (parts: Parts) => boolean;
  cel: string;
  also: string;
}

export const isCompressed = ({ producers, topic }: Parts): boolean =>
  ![undefined, 'none'].includes(producers?.config['compression.type'] as undefined) ||
  !['producer', 'uncompressed', undefined].includes(topic.config['compression.type'] as undefined);

const LIMITS: readonly Limit[] = [
  {
    of: ({ producers }) => producers?.config,
    celOf: 'self.producers.config',
    where: 'producers.config',
    setting: 'max.request.size',
    default: 1_048_576,
    headers: MOST_HEADERS,
    applies: ({ producers }) => producers?.client === 'librdkafka',
    cel: "self.producers.client == 'librdkafka'",
    also: ' (above 1048588 the topic needs a larger max.message.bytes as well)',
  },
  {
    of: ({ producers }) => producers?.config,
    celOf: 'self.producers.config',
    where: 'producers.config',
    setting: 'buffer.memory',
    default: 33_554_432,
    headers: MOST_HEADERS,
    applies: ({ producers }) => producers?.client === 'librdkafka',
    cel: "self.producers.client == 'librdkafka'",
    also: '',
  },
  {
    of: ({ topic }) => topic.config,
    celOf: 'self.topic.config',
    where: 'topic.config',
    setting: 'max.message.bytes',
    default: undefined,
    headers: LEAST_HEADERS,
    // The limit is for the compressed batch, whose size is not known beforehand.
    applies: (parts) => !isCompressed(parts),
    cel: "(!('compression.type' in self.producers.config) || self.producers.config['compression.type'] == 'none') && (!('compression.type' in self.topic.config) || self.topic.config['compression.type'] in ['producer', 'uncompressed'])",
    also: '',
  },
];

function limitRule(limit: Limit): Rule<Parts> {
  const { setting, where, headers, also, celOf } = limit;
  const written = `('${setting}' in ${celOf})`;
  const text = `string(${celOf}['${setting}'])`;
  const most = `(${written} ? int(${text}) : ${limit.default ?? 0})`;
  const isKnown =
    limit.default === undefined
      ? `${written} && ${text}.matches('^[0-9]{1,15}$')`
      : `(!${written} || ${text}.matches('^[0-9]{1,15}$'))`;
  const size = 'self.producers.record.sizeBytes';
  const tooLarge = `key + ${size} + ${headers} > ${most}`;
  const sentence = (record: string, least: string, limitIs: string, fits: string): string =>
    `a record of producers.record has up to ${record} bytes of key and value and about ${headers} of headers, which is more than ${setting} (${limitIs}); write ${setting}: ${least} or more in ${where}${also}, or record.sizeBytes: ${fits} or less`;
  const limitOf = (parts: Parts): number | undefined => {
    const value = String(limit.of(parts)?.[setting] ?? limit.default ?? '');
    return /^[0-9]{1,15}$/.test(value) ? Number(value) : undefined;
  };
  return {
    cel: `!(${CEL_PRODUCERS}) || !(${limit.cel}) || !(${isKnown}) || !${CEL_KEYS}.exists(key, ${tooLarge})`,
    message: `a record of producers.record is larger than ${setting}; write a larger ${setting} in ${where}, or a smaller record.sizeBytes`,
    messageCel: `${CEL_KEYS}.filter(key, ${tooLarge} && !${CEL_KEYS}.exists(longer, longer > key)).map(key, ${celFormat(
      sentence('%d', '%d', '%d', '%d'),
      `key + ${size}`,
      most,
      `key + ${size} + ${headers}`,
      `${most} - key - ${headers}`,
    )})[0]`,
    holds: (parts) => {
      const size = recordBytes(parts);
      const most = limitOf(parts);
      return size === undefined || most === undefined || !limit.applies(parts) || size + headers <= most;
    },
    says: (parts) => {
      const size = recordBytes(parts) ?? 0;
      const value = parts.producers?.record.sizeBytes ?? 0;
      const most = limitOf(parts) ?? 0;
      return sentence(`${size}`, `${size + headers}`, `${most}`, `${most - (size - value) - headers}`);
    },
    untyped: true,
  };
}

export const recordSizeRules: Rule<Parts>[] = LIMITS.map(limitRule);
