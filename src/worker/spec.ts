/** Parses the WorkerSpec that the operator wrote into the pod's environment. */
import { en } from 'zod/locales';
// zod/mini saves 20 ms at the start of each of hundreds of pods.
import * as z from 'zod/mini';
import type { WorkerSpec } from '../domain/workers/spec.ts';

z.config(en());

const text = z.string().check(z.minLength(1));
const count = z.int().check(z.gte(1));
const countOrNone = z.int().check(z.gte(0));

const key = z.discriminatedUnion('mode', [
  z.object({ mode: z.literal('None') }),
  z.object({ mode: z.literal('Fixed'), values: z.array(z.string()).check(z.minLength(1)) }),
  z.object({ mode: z.literal('Sequence'), cardinality: count }),
  z.object({ mode: z.literal('Random'), cardinality: count }),
]);

const partitioner = z.discriminatedUnion('mode', [
  z.object({ mode: z.literal('Default') }),
  z.object({ mode: z.literal('RoundRobin') }),
  z.object({ mode: z.literal('Sticky'), bytes: count }),
  z.object({ mode: z.literal('Explicit'), partition: countOrNone }),
]);

const commit = z.discriminatedUnion('mode', [
  z.object({ mode: z.literal('Auto') }),
  z.object({ mode: z.literal('Record') }),
  z.object({ mode: z.literal('Every'), records: count }),
  z.object({ mode: z.literal('Poll') }),
  z.object({ mode: z.literal('Never') }),
]);

const ms = z.number().check(z.gte(0));
const kafka = z.object({
  connectionTimeout: ms,
  requestTimeout: ms,
  retry: z.object({ initialRetryTime: ms, maxRetryTime: ms }),
});
const kafkajsProducer = z.object({
  kafka,
  producer: z.object({ metadataMaxAge: ms, maxInFlightRequests: count, idempotent: z.boolean(), retries: countOrNone }),
  send: z.object({ acks: z.literal([-1, 0, 1]), timeout: ms, compression: z.enum(['none', 'gzip']) }),
});
const kafkajsConsumer = z.object({
  kafka,
  consumer: z.object({
    metadataMaxAge: ms,
    allowAutoTopicCreation: z.boolean(),
    sessionTimeout: ms,
    heartbeatInterval: ms,
    minBytes: count,
    maxBytes: count,
    maxBytesPerPartition: count,
    maxWaitTimeInMs: ms,
    readUncommitted: z.boolean(),
    rackId: z.string(),
  }),
  subscribe: z.object({ fromBeginning: z.boolean() }),
  run: z.object({ autoCommitInterval: ms }),
});

const schema = z.object({
  run: text,
  loadTest: z.string(),
  bootstrapServers: text,
  topic: text,
  evidence: z.object({ topic: text, partition: countOrNone }),
  clientsPerPod: count,
  config: z.record(z.string(), z.string()),
  work: z.discriminatedUnion('role', [
    z.object({
      role: z.literal('Producer'),
      kafkajs: z.optional(kafkajsProducer),
      messagesPerSecond: z.optional(z.number().check(z.positive())),
      messages: z.optional(z.object({ total: countOrNone, clients: count })),
      record: z.object({ sizeBytes: z.optional(count), value: z.literal('Json'), key }),
      partitioner,
    }),
    z.object({
      role: z.literal('Consumer'),
      kafkajs: z.optional(kafkajsConsumer),
      group: text,
      staticMembersOf: z.optional(text),
      perRecordMs: ms,
      slowMember: z.optional(z.object({ perPollMs: ms })),
      commit,
      maxPollRecords: count,
      keys: z.optional(z.literal(true)),
    }),
  ]),
});

/** Throws an Error that names the wrong field and says what is wrong with it. */
export function parseWorkerSpec(json: string): WorkerSpec {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (error) {
    throw new Error(`not JSON: ${(error as Error).message}`);
  }
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw new Error(z.prettifyError(parsed.error));
  return parsed.data as WorkerSpec;
}
