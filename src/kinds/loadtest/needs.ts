/** What a LoadTest needs to observe: Strimzi's resources, its topic and group in Kafka, and its evidence. */

import type { LoadTest } from '../../api/loadtest/loadTest.ts';
import type { Needs } from '../../contract/needs.ts';
import type { Answer } from '../../contract/queries.ts';
import { readsCommitted } from '../../domain/fold/operatorFacts.ts';
import { isUnknown, serversOf } from '../../domain/settings/connection.ts';
import { queryStrimzi } from '../../domain/strimzi/lookup.ts';
import type { StrimziCluster } from '../../domain/strimzi/resources.ts';
import { configsOf } from './clientErrors/table.ts';
import { isFinished } from './ending.ts';
import { strimziQuery } from './preparation/strimziQuery.ts';

/** `byDefault`: the Kafka resource that the operator's default connection belongs to. */
export function needs(resource: LoadTest, answers: Answer[] | undefined, byDefault: StrimziCluster | undefined): Needs {
  const { spec, status, metadata } = resource;
  const deleting = metadata.deletionTimestamp !== undefined;
  if (isFinished(status) && !deleting) return {};
  const servers = serversOf(spec.kafka, status?.kafka);
  const query = strimziQuery(resource, byDefault);
  const strimzi = query === undefined ? {} : { queries: queryStrimzi(query, answers).queries };
  if (isUnknown(spec.kafka, status?.kafka)) return strimzi;
  const configs = configsOf([...(status?.producers?.errors ?? []), ...(status?.consumers?.errors ?? [])]);
  return {
    ...strimzi,
    kafka: {
      ...servers,
      topic: spec.topic.name,
      ...(spec.consumers === undefined ? {} : { group: spec.consumers.group }),
      ...(configs === undefined ? {} : { configs }),
      ...(readsCommitted(spec.consumers?.config) ? { lastStableOffsets: true } : {}),
    },
    ...(status?.evidence === undefined || deleting
      ? {}
      : { evidence: { ...servers, run: metadata.uid, ...status.evidence } }),
  };
}
