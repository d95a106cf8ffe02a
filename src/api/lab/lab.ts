/** Lab: a script of steps over LoadTests and ConsumerScales, with expectations that are graded. */
import type { Resource } from '../../contract/kubernetes.ts';
import * as shared from '../sharedStatus.ts';
import { type LabSpec, spec } from './spec.ts';
import { type LabStatus, status } from './status.ts';

export type Lab = Resource<LabSpec, LabStatus>;

export const LAB_NAMES = {
  group: shared.GROUP,
  version: shared.VERSION,
  kind: 'Lab',
  plural: 'labs',
} as const;

export const labSchema = { spec, status };
