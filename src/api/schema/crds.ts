/** The kinds as the API server gets them: names, columns, subresources. */
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

const AGE = column('Age', 'date', '.metadata.creationTimestamp', 'Since when it exists.');

/** A pod's name is made of it (`<name>-consumer-12`) and has to stay a DNS label. */
const nameRule = (most: number) => ({
  rule: `self.metadata.name.size() <= ${most} && self.metadata.name.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')`,
  message: `metadata.name has to begin with a letter and to hold at most ${most} small letters, digits and hyphens: the names of its pods are made of it`,
  messageExpression: `self.metadata.name.size() > ${most} ? ${celFormat(
    `metadata.name has %d characters: write at most ${most} (the names of its pods are made of it)`,
    'self.metadata.name.size()',
  )} : 'metadata.name has to begin with a letter and hold only small letters, digits and hyphens: write e.g. lag-1 (the names of its pods are made of it)'`,
});

const UNCHANGED_ONCE_BEGUN = {
  rule: `!has(oldSelf.status) || !has(oldSelf.status.startedAt) || (${['resources', 'steps', 'afterwards']
    .map((name) => `self.spec.${name} == oldSelf.spec.${name}`)
    .join(' && ')})`,
  message:
    'spec.resources, spec.steps and spec.afterwards can’t be changed once the Lab has begun: its grades belong to one script. Delete it and create it again, or create another Lab',
};

export const CRDS: readonly Crd[] = [
  {
    ...LOAD_TEST_NAMES,
    shortNames: ['lt'],
    description: 'A topic, producers and consumers, for a time or a number of messages; its status says what happened.',
    ...loadTestSchema,
    columns: [
      column('Phase', 'string', '.status.phase', 'Where the run is.'),
      column('Producers', 'integer', '.status.producers.ready', 'Producers that send.'),
      column('Consumers', 'integer', '.status.consumers.ready', 'Consumers that are ready.'),
      column('Lag', 'integer', '.status.lag.total', 'Records that the group is behind.'),
      column('Peak lag', 'integer', '.status.lag.peak', 'The most that the group was behind.', 1),
      column('Rebalances', 'integer', '.status.rebalances.count', 'Settled changes of assignment.'),
      column('Worst pause', 'number', '.status.rebalances.longestPauseMs', 'Longest pause of a partition, in ms.'),
      column(
        'Stop the world',
        'number',
        '.status.rebalances.longestStopTheWorldMs',
        'Longest time in which the whole group stood still, in ms.',
        1,
      ),
      column('Consumed', 'integer', '.status.consumers.consumed', 'Records processed.', 1),
      column('Duplicated', 'integer', '.status.delivery.duplicated', 'Records processed again.', 1),
      column('Topic', 'string', '.spec.topic.name', 'The topic.', 1),
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
      'A schedule of consumer counts and partition counts over a LoadTest, or over anyone’s Deployment or StatefulSet; its status says what each step cost.',
    ...consumerScaleSchema,
    columns: [
      column('Phase', 'string', '.status.phase', 'Where the schedule is.'),
      column('Target', 'string', '.spec.scaleTargetRef.name', 'What is scaled.'),
      column('Step', 'string', '.status.step', 'Steps begun of all.'),
      column(
        'Rebalances',
        'integer',
        '.status.rebalances.count',
        'Settled changes of assignment since the schedule began.',
      ),
      column('Moved', 'integer', '.status.rebalances.partitionsMoved', 'Partitions that changed owner in them.'),
      column('Worst pause', 'number', '.status.rebalances.longestPauseMs', 'Longest pause of a partition, in ms.'),
      column(
        'Stop the world',
        'number',
        '.status.rebalances.longestStopTheWorldMs',
        'Longest time in which the whole group stood still, in ms.',
      ),
      column('Lag', 'integer', '.status.lag.total', 'Records that the group is behind.'),
      AGE,
    ],
    rules: [nameRule(63)],
  },
  {
    ...LAB_NAMES,
    // The singular name is short enough.
    shortNames: [],
    description:
      'A script of steps over LoadTests and ConsumerScales, with expectations; its status says which of them were met, and what was seen.',
    ...labSchema,
    columns: [
      column('Phase', 'string', '.status.phase', 'Where the lab is, or how it ended.'),
      column('Step', 'string', '.status.step', 'Steps begun of all.'),
      column('Passed', 'string', '.status.score', 'Expectations met of all.'),
      column('Failed', 'integer', '.status.failed', 'Expectations not met, and steps that could not be carried out.'),
      column('Duration', 'string', '.status.duration', 'How long it took, once it is over.'),
      column('Title', 'string', '.spec.title', 'What it is called.', 1),
      AGE,
    ],
    rules: [nameRule(40), UNCHANGED_ONCE_BEGUN],
  },
];
