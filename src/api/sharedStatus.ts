/** Parts of a status that several kinds share. Times in ms unless the name says otherwise. */
import { z } from 'zod';
import { count, field, figure, text, timestamp } from './schema/schema.ts';

export const GROUP = 'kafkalab.dev';
export const VERSION = 'v1alpha1';
export const GROUP_VERSION = `${GROUP}/${VERSION}`;

const MANY = Number.MAX_SAFE_INTEGER;
const partition = () => count(0, 1_000_000);
const partitions = (description: string) => field(z.array(partition()).max(10_000), description);
export const total = (description: string) => field(count(0, MANY), description);
export const ms = (description: string) => field(figure(), description);
export const at = (description: string) => field(timestamp(), description);

export const conditions = field(
  z
    .array(
      z.strictObject({
        type: field(
          text(316),
          'Ready, Reconciling and Stalled as kstatus defines them; LagHigh while lag is over spec.lagThreshold; RebalanceStorm while the group rebalances again and again though nobody changed it (the message says which setting to change); IdleConsumers while members own no partition; Deleting while what was made is being removed.',
        ),
        status: field(z.enum(['True', 'False', 'Unknown']), 'True, False or Unknown.'),
        reason: field(text(1024), 'Why, in one CamelCase word, for machines.'),
        message: field(text(32768), 'Why and what to do, for people.'),
        observedGeneration: total('metadata.generation of the spec that this was said about.').exactOptional(),
        lastTransitionTime: at('When status last changed.'),
      }),
    )
    .max(16)
    .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['type'] }),
  'Ready, Reconciling, Stalled (waits for a change by its user, named in the message), LagHigh, RebalanceStorm, IdleConsumers.',
);

export const phase = <const T extends readonly [string, ...string[]]>(phases: T, description: string) =>
  field(z.enum(phases), description);

export const observedGeneration = total('metadata.generation of the spec that this status is about.');

export const latency = (description: string) =>
  field(
    z.strictObject({
      p50: ms('Median, in ms.'),
      p95: ms('95th percentile, in ms.'),
      p99: ms('99th percentile, in ms.'),
      max: ms('Longest, in ms.'),
    }),
    `${description} From histograms of all clients merged, in ms.`,
  );

export const source = field(
  z.enum(['Clients', 'Broker']),
  'Clients: told by our own clients’ callbacks. Broker: read from the broker’s description of the group, coarser.',
);

export const evidence = field(
  z.strictObject({
    topic: field(text(249), 'Name of the evidence topic.'),
    partition: field(partition(), 'The partition that holds all evidence of this run.'),
    offset: total('Nothing of this run is before this offset.'),
  }),
  'Where the records are that these figures are made of.',
);

export const kafkaFound = field(
  z.strictObject({
    bootstrapServers: field(text(2_000), 'host:port, several separated by commas, as its listener says them.'),
  }),
  'Where the Kafka cluster is, as it was read from the Kafka resource when the run began. Absent without kafka.strimzi.',
);

const rebalance = z.strictObject({
  number: total('1, 2, 3, … within the run; never changes once given.'),
  at: at('First callback of the change; source Broker: the first look at the group that showed it.'),
  settledAt: at('Last callback of the change; source Broker: the look that showed it settled.'),
  trigger: field(
    z.enum([
      'ScaleUp',
      'ScaleDown',
      'MemberJoined',
      'MemberLeft',
      'SessionExpired',
      'PollIntervalExceeded',
      'PartitionsAdded',
      'Restart',
      'Unknown',
    ]),
    'What set the rebalance off.',
  ),
  reason: field(text(1024), 'The reasoning behind the trigger, as a sentence.'),
  protocol: field(
    z.enum(['Eager', 'Cooperative', 'Consumer', 'None']),
    'Eager: everybody gives up everything. Cooperative: only what moves is given up. Consumer: KIP-848, the broker assigns.',
  ),
  source,
  resolutionMs: ms(
    'source Broker only: between which two looks at the group the change happened, in ms up to settledAt. Pauses are not known then.',
  ).exactOptional(),
  membersBefore: total('Members of the group before.'),
  membersAfter: total('Members of the group after.'),
  partitionsMoved: total('Partitions whose owner after differs from the owner before.'),
  stopTheWorldMs: ms('How long every partition that had records waiting was paused at the same time, in ms.'),
  longestPauseMs: ms('The longest pause of one partition, in ms.'),
  errorBoundMs: ms(
    'By how much a pause may be off, in ms: its two ends are by the clocks of two processes, which are lined up only so far; and where one ended without a goodbye and what it left behind in its pod could not be read within 10 s, the pause may have begun up to 750 ms later, since nobody is left to tell of its last records. 0.5, which is what rounding may make: all ends of a pause were of one process.',
  ).exactOptional(),
  pauses: field(
    z.array(z.strictObject({ partition: partition(), ms: ms('Length of the pause, in ms.') })).max(1_000),
    'Per partition that paused: from the end of the last record before to the begin of the first one after, but no longer than that record had been waiting in the log.',
  ),
  pending: partitions('Partitions without a record since: their pause is not known yet.').exactOptional(),
  members: field(
    z
      .array(
        z.strictObject({
          name: field(text(253), 'As in status.consumers.members.'),
          gained: partitions('Partitions it got.'),
          lost: partitions('Partitions it gave up or lost.'),
          kept: partitions('Partitions it had before and has after.'),
        }),
      )
      .max(1_000),
    'Who gained, lost and kept which partition.',
  ),
});

export const rebalances = field(
  z.strictObject({
    count: total('Settled changes of assignment since the run began; the first assignment is one.'),
    settled: field(z.boolean(), 'No rebalance is going on.').exactOptional(),
    partitionsMoved: total('Partitions that changed owner, summed over all rebalances.').exactOptional(),
    longestPauseMs: ms('The longest pause of one partition in any rebalance, in ms.'),
    longestStopTheWorldMs: ms(
      'The longest time in which every partition with records waiting was paused at once, in ms.',
    ),
    recent: field(z.array(rebalance).max(50), 'The last 50, oldest first.'),
  }),
  'What happened to the assignment of partitions to members.',
);

export const lag = field(
  z.strictObject({
    total: total(
      'Sum over the partitions, in records: log end offset minus committed offset (minus beginning offset where nothing is committed).',
    ),
    peak: total('The highest total of the run, in records.'),
    peakAt: at('When the peak was seen.').exactOptional(),
    at: at('When the committed offsets were read.'),
    errorBound: field(
      figure(),
      'Records by which the total may be off: time between the two reads x rate at which the log grows.',
    ),
    partitions: field(
      z
        .array(
          z.strictObject({
            partition: partition(),
            endOffset: total('Offset of the next record to be written.'),
            committedOffset: total(
              'Offset up to which the group has committed; absent where it never has.',
            ).exactOptional(),
            lag: total('Records between the two.'),
          }),
        )
        .max(1_000),
      'Per partition.',
    ),
    history: field(
      z
        .array(
          z.strictObject({
            at: at('Begin of the stretch.'),
            total: total('Highest total of the stretch, in records.'),
          }),
        )
        .max(120),
      'At most 120 points over the whole run, oldest first.',
    ),
  }),
  'How far the group is behind.',
);

export const truncated = field(
  z.array(text(256)).max(16),
  'What was left out to keep this object small, as sentences; everything is on the evidence topic. Absent: nothing.',
);
