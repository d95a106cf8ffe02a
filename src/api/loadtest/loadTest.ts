/** LoadTest: a topic with producers and consumers, for a time or a number of messages. */
import type { Resource } from '../../contract/kubernetes.ts';
import * as shared from '../sharedStatus.ts';
import { type LoadTestSpec, spec } from './spec.ts';
import { type LoadTestStatus, status } from './status.ts';

export type LoadTest = Resource<LoadTestSpec, LoadTestStatus>;

/** Characters of metadata.name. The names of its pods are derived from it and must stay DNS labels. */
export const LONGEST_NAME = 40;

export const LOAD_TEST_NAMES = {
  group: shared.GROUP,
  version: shared.VERSION,
  kind: 'LoadTest',
  plural: 'loadtests',
} as const;

export const loadTestSchema = { spec, status };
