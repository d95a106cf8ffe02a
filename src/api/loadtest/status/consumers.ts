/** status.consumers of a LoadTest. */
import { z } from 'zod';
import { count, field, figure, sentences, text } from '../../schema/schema.ts';
import { latency, ms, source, total } from '../../sharedStatus.ts';
import { errors } from './errors.ts';

const MEMBER_NAME = sentences(
  'Name of the member: the name of its client, e.g. lag-consumer-0.',
  'For a member that this LoadTest did not start: its group.instance.id,',
  'or without one its member.id, with its client.id in front.',
);

const member = z.strictObject({
  name: field(text(253), MEMBER_NAME),
  memberId: field(text(253), 'Id of the member in the group. Source: Kafka’s member.id.'),
  clientId: field(text(253), 'client.id. Only for members that this LoadTest did not start.').exactOptional(),
  host: field(text(253), 'Node of the client, or its host as the broker reports it.'),
  partitions: field(z.array(count(0, 1_000_000)).max(10_000), 'Partitions of the topic that the member owns.'),
  otherPartitions: total(
    'Number of partitions of other topics that the member owns. Only for members that this LoadTest did not start.',
  ).exactOptional(),
  source,
});

const END_TO_END = sentences(
  'Time from the timestamp of a record to the start of its processing.',
  'The timestamp is by the producer’s clock, or by the broker’s with message.timestamp.type: LogAppendTime of the topic;',
  'the start is by the consumer’s clock.',
);

const LEFT_OUT = sentences(
  'Number of records that endToEndMs leaves out, because their timestamp is not of this log:',
  'it is more than 1 s ahead of the consumer’s clock, or more than 2 min older than a time',
  'at which the consumer had read the whole partition and the record was not there.',
  'Usual causes: mirrored or replayed records, and wrong clocks of producers.',
  'Absent: none.',
);

const polls = field(
  z.strictObject({
    count: total('Number of polls that returned records.'),
    recordsMax: total('Largest number of records returned by one poll.'),
    recordsP50: field(figure(), 'Median number of records per poll.'),
    longestIntervalMs: ms(
      sentences(
        'Longest time between two polls of one consumer, in ms.',
        'A consumer that exceeds max.poll.interval.ms is removed from the group.',
      ),
    ).exactOptional(),
  }),
  'Polls of the consumers.',
);

export const consumers = field(
  z.strictObject({
    desired: total('Number of consumers in the spec.'),
    ready: total('Number of consumers in ready pods that the coordinator of the group lists as members.'),
    selector: field(text(1024), 'Label selector of the consumer pods, for the scale subresource.'),
    groupCreated: field(
      z.boolean(),
      'true: the group did not exist before this LoadTest, and is deleted with it.',
    ).exactOptional(),
    memberCount: total('Number of live members of the group. members may list fewer.').exactOptional(),
    externalMemberCount: total(
      'Number of those members that this LoadTest did not start (source: Broker).',
    ).exactOptional(),
    members: field(
      z.array(member).max(1_000),
      'Live members of the group, including those that this LoadTest did not start (source: Broker).',
    ),
    idle: field(z.array(text(253)).max(1_000), 'Names of the members that own no partition of any topic.'),
    consumed: total('Number of records processed, including duplicates.'),
    messagesPerSecond: field(
      figure(),
      'Records processed per second: over the last 5 s while running, over the whole run once it has ended.',
    ),
    elapsedMs: ms('Time from the first record processed to the last one, in ms.'),
    endToEndMs: latency(END_TO_END).exactOptional(),
    endToEndLeftOut: total(LEFT_OUT).exactOptional(),
    polls: polls.exactOptional(),
    errors: errors.exactOptional(),
  }),
  'Members of the group, and figures of the consumers.',
);
