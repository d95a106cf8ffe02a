/** Encodes and parses reports (JSON), and validates the facts in them. */
import { z } from 'zod';
import type { Fact, Report } from './facts.ts';
import { MOST_KEYS } from './keyTable.ts';

const text = z.string().max(10_000);
const name = z.string().min(1).max(1_000);
const count = z.number().int().nonnegative();
const ms = z.number().nonnegative();
/** Milliseconds since 1970, up to the year 5138. */
const at = z.number().positive().max(1e14);
const partition = z.number().int().nonnegative().max(1_000_000);
const partitions = z.array(partition).max(100_000);
const protocol = z.enum(['Eager', 'Cooperative', 'Consumer', 'None']);
const client = { client: name, at };

const range = z.tuple([count, count]).refine(([from, to]) => from < to);

const work = z.object({
  partition,
  ranges: z.array(range).min(1),
  records: count,
  bytes: count,
  firstBeganAt: at,
  firstWaitedMs: ms,
  lastEndedAt: at,
  longestPause: z.object({ from: at, to: at }).optional(),
});

const passed = z.object({
  partition,
  withoutRecord: z.array(range).optional(),
  deleted: z.array(range).optional(),
});

const metRecord = z.tuple([count, z.number(), at, at]);
const keyWork = z.union([z.tuple([partition, metRecord]), z.tuple([partition, metRecord, metRecord])]);

const keyShare = z.tuple([partition, count, count.nullable(), count.nullable()]);

const polls = z.object({ count, recordsMax: count, sizes: text, longestIntervalMs: ms.optional() });

const brokerMember = z.object({
  memberId: text,
  clientId: text,
  host: text,
  groupInstanceId: text.optional(),
  partitions,
  otherPartitions: count.optional(),
  otherTopicsOnly: z.literal(true).optional(),
});

const fact = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('Started'),
    ...client,
    role: z.enum(['Producer', 'Consumer']),
    host: text,
    static: z.literal(true).optional(),
    library: z.literal('kafkajs').optional(),
  }),
  z.object({
    type: z.literal('Stopping'),
    ...client,
    cause: z.enum(['Terminated', 'Done', 'Error']),
    detail: text.optional(),
  }),
  z.object({ type: z.literal('Stopped'), ...client }),
  z.object({ type: z.literal('Died'), ...client }),
  z.object({
    type: z.literal('Produced'),
    ...client,
    attempted: count,
    acknowledged: count,
    failed: count,
    bytes: count,
    firstSentAt: at.optional(),
    lastAcknowledgedAt: at.optional(),
    latency: text.optional(),
    errors: z.record(z.string(), count).optional(),
    partitions: z
      .array(z.tuple([partition, count]))
      .max(100_000)
      .optional(),
    keys: z
      .array(z.object({ key: text, partitions: z.array(keyShare).max(100_000) }))
      .max(MOST_KEYS)
      .optional(),
    keysBefore: text.optional(),
    done: z.boolean(),
  }),
  z.object({
    type: z.literal('Assigned'),
    ...client,
    memberId: text,
    protocol,
    gained: partitions,
    owned: partitions,
    reason: text.optional(),
  }),
  z.object({
    type: z.literal('Revoked'),
    ...client,
    memberId: text,
    protocol,
    lost: partitions,
    owned: partitions,
    cause: z.enum(['Revoked', 'Lost', 'Closed']),
    reason: text.optional(),
  }),
  z.object({
    type: z.literal('Consumed'),
    ...client,
    partitions: z.array(work),
    keys: z
      .array(z.object({ key: text, partitions: z.array(keyWork).max(100_000) }))
      .max(MOST_KEYS)
      .optional(),
    keysBefore: text.optional(),
    passed: z.array(passed).max(100_000).optional(),
    endToEnd: text.optional(),
    endToEndLeftOut: count.optional(),
    polls: polls.optional(),
    done: z.boolean().optional(),
  }),
  z.object({ type: z.literal('Alive'), ...client, owned: partitions }),
  z.object({ type: z.literal('ClientError'), ...client, code: text, message: text }),
  z.object({
    type: z.literal('LagSample'),
    at,
    spreadMs: ms,
    groupState: text.nullable(),
    groupMembers: count,
    protocol: protocol.optional(),
    members: z.array(brokerMember).max(1_000).optional(),
    membersAsAt: at.optional(),
    resetsTo: z.enum(['Earliest', 'Latest', 'Unknown']).optional(),
    partitions: z.array(
      z.object({
        partition,
        endOffset: count,
        lastStableOffset: count.optional(),
        committedOffset: count.nullable(),
        beginningOffset: count,
      }),
    ),
  }),
  z.object({
    type: z.literal('Scaled'),
    at,
    what: z.enum(['Producers', 'Consumers', 'Partitions']),
    from: count,
    to: count,
  }),
]);

const envelope = z.object({
  v: z.literal(1),
  run: name,
  instance: name,
  seq: z.number().int().positive(),
  sentAt: at,
  roundTripMs: ms.optional(),
  posthumous: z.literal(true).optional(),
  facts: z.array(z.unknown()),
});

/**
 * Parses a report. undefined: the text is not a report of this version (broken JSON, missing fields). Facts are validated
 * one by one with `parseFact`, so an unknown fact does not cost the others.
 */
export function parseReport(json: string): Report | undefined {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    return undefined;
  }
  const parsed = envelope.safeParse(value);
  return parsed.success ? (parsed.data as Report) : undefined;
}

export const encodeReport = (report: Report): string => JSON.stringify(report);

/** Validates a fact and drops unknown fields. undefined: this version does not know the fact. */
export function parseFact(value: unknown): Fact | undefined {
  const parsed = fact.safeParse(value);
  return parsed.success ? (parsed.data as Fact) : undefined;
}
