/** ConsumerScale: a schedule of consumer and partition counts for a LoadTest or for any Deployment or StatefulSet. */
import type { Resource } from '../../contract/kubernetes.ts';
import * as shared from '../sharedStatus.ts';
import { type ConsumerScaleSpec, spec } from './spec.ts';
import { type ConsumerScaleStatus, status } from './status.ts';

export type ConsumerScale = Resource<ConsumerScaleSpec, ConsumerScaleStatus>;

export const CONSUMER_SCALE_NAMES = {
  group: shared.GROUP,
  version: shared.VERSION,
  kind: 'ConsumerScale',
  plural: 'consumerscales',
} as const;

export const consumerScaleSchema = { spec, status };
