/** Definitions of the kinds: names, schemas, columns and subresources. */
import { CONSUMER_SCALE_NAMES, consumerScaleSchema } from '../consumerscale/consumerScale.ts';
import { LAB_NAMES, labSchema } from '../lab/lab.ts';
import { LOAD_TEST_NAMES, LONGEST_NAME, loadTestSchema } from '../loadtest/loadTest.ts';
import type { Crd, PrinterColumn } from './crd.ts';
import { celFormat } from './schema.ts';

const column = (
  name: string,
  type: PrinterColumn['type'],
  jsonPath: string,
  description: string,
  priority = 0,
): PrinterColumn => ({ name, type, jsonPath, description, ...(priority === 0 ? {} : { priority }) });

const AGE = column('Age', 'date', '.metadata.creationTimestamp', 'Time since creation.');

/** The names of pods (`<name>-consumer-12`) are derived from it and must stay DNS labels. */
const nameRule = (most: number) => ({
  rule: `self.metadata.name.size() <= ${most} && self.metadata.name.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')`,
  message: `metadata.name is not a name for pods; write at most ${most} lower-case letters, digits and hyphens, starting with a letter, e.g. lag-1`,
  messageExpression: `self.metadata.name.size() > ${most} ? ${celFormat(
    `metadata.name has %d characters; write at most ${most} (it is part of the names of pods)`,
    'self.metadata.name.size()',
  )} : 'metadata.name must start with a letter and have only lower-case letters, digits and hyphens; write e.g. lag-1 (it is part of the names of pods)'`,
});

const IMMUTABLE_ONCE_STARTED = {
  rule: `!has(oldSelf.status) || !has(oldSelf.status.startedAt) || (${['resources', 'steps', 'afterwards']
    .map((name) => `self.spec.${name} == oldSelf.spec.${name}`)
    .join(' && ')})`,
  message:
    'spec.resources, spec.steps and spec.afterwards are immutable once the Lab has started, since its grades belong to one script. Delete it and create it again, or create another Lab',
};

export const CRDS: readonly Crd[] = [
  {
    ...LOAD_TEST_NAMES,
    shortNames: ['lt'],
    description:
      'Runs producers and consumers on a topic, for a time or a number of messages. Its status has throughput, latency, lag, delivery and rebalances.',
    ...loadTestSchema,
    columns: [
      column('Phase', 'string', '.status.phase', 'Phase of the run.'),
      column('Producers', 'integer', '.status.producers.ready', 'Producers that have had a record acknowledged.'),
      column('Consumers', 'integer', '.status.consumers.ready', 'Consumers in ready pods.'),
      column('Lag', 'integer', '.status.lag.total', 'Lag of the group, in records.'),
      column('Peak lag', 'integer', '.status.lag.peak', 'Highest lag of the run, in records.', 1),
      column('Rebalances', 'integer', '.status.rebalances.count', 'Number of rebalances.'),
      column('Worst pause', 'number', '.status.rebalances.longestPauseMs', 'Longest pause of one partition, in ms.'),
      column(
        'Stop the world',
        'number',
        '.status.rebalances.longestStopTheWorldMs',
        'Longest time during which all partitions with waiting records were paused at once, in ms.',
        1,
      ),
      column('Consumed', 'integer', '.status.consumers.consumed', 'Number of records processed.', 1),
      column('Duplicated', 'integer', '.status.delivery.duplicated', 'Number of records processed again.', 1),
      column('Topic', 'string', '.spec.topic.name', 'Name of the topic.', 1),
      AGE,
    ],
    scale: {
      specReplicasPath: '.spec.consumers.replicas',
      statusReplicasPath: '.status.consumers.ready',
      labelSelectorPath: '.status.consumers.selector',
    },
    rules: [nameRule(LONGEST_NAME)],
  },
  {
    ...CONSUMER_SCALE_NAMES,
    // Not cs: kubectl reads that as componentstatuses.
    shortNames: ['csc'],
    description:
      'Changes the number of consumers and partitions on a schedule, for a LoadTest or for any Deployment or StatefulSet. Its status has the cost of each step.',
    ...consumerScaleSchema,
    columns: [
      column('Phase', 'string', '.status.phase', 'Phase of the schedule.'),
      column('Target', 'string', '.spec.scaleTargetRef.name', 'Name of the target.'),
      column('Step', 'string', '.status.step', 'Steps started and steps in all.'),
      column('Rebalances', 'integer', '.status.rebalances.count', 'Number of rebalances since the schedule started.'),
      column(
        'Moved',
        'integer',
        '.status.rebalances.partitionsMoved',
        'Number of partitions that changed owner in these rebalances.',
      ),
      column('Worst pause', 'number', '.status.rebalances.longestPauseMs', 'Longest pause of one partition, in ms.'),
      column(
        'Stop the world',
        'number',
        '.status.rebalances.longestStopTheWorldMs',
        'Longest time during which all partitions with waiting records were paused at once, in ms.',
      ),
      column('Lag', 'integer', '.status.lag.total', 'Lag of the group, in records.'),
      AGE,
    ],
    rules: [nameRule(63)],
  },
  {
    ...LAB_NAMES,
    // lab, the singular name, is short enough.
    shortNames: [],
    description:
      'Runs a script of steps over LoadTests and ConsumerScales. Its status grades the expectations, with the values that were observed.',
    ...labSchema,
    columns: [
      column('Phase', 'string', '.status.phase', 'Phase of the lab.'),
      column('Step', 'string', '.status.step', 'Steps started and steps in all.'),
      column('Passed', 'string', '.status.score', 'Expectations met and expectations in all.'),
      column(
        'Failed',
        'integer',
        '.status.failed',
        'Number of expectations not met and of steps that could not be carried out.',
      ),
      column('Duration', 'string', '.status.duration', 'Time from the first step to the end.'),
      column('Title', 'string', '.spec.title', 'Title of the lab.', 1),
      AGE,
    ],
    rules: [nameRule(40), IMMUTABLE_ONCE_STARTED],
  },
];
