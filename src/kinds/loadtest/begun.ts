/**
 * The pod template that a run began with. A StatefulSet records its template in an annotation, and the operator applies that
 * template until the LoadTest asks for other settings. So an operator of another version, or with another image or
 * another default Kafka, leaves the pods of a running lab alone.
 */
import type { LoadTest } from '../../api/loadtest/loadTest.ts';
import type { KubernetesObject } from '../../contract/kubernetes.ts';
import type { Role } from '../../domain/workers/workloads.ts';

/** JSON of `Begun`. */
const ANNOTATION = 'kafkalab.dev/began-with';

interface Begun {
  /** metadata.generation of the LoadTest for which the template was made. */
  generation: number;
  /** The settings in it that a LoadTest may change while it runs. */
  asked: unknown;
  template: unknown;
}

/** The workload with the template that it began with, or with its own if it is new or the settings have changed. */
export function asBegun(
  workload: KubernetesObject,
  loadTest: LoadTest,
  role: Role,
  owned: readonly KubernetesObject[],
): KubernetesObject {
  const spec = workload.spec as { template: unknown };
  const { generation = 0 } = loadTest.metadata;
  const today: Begun = { generation, asked: changeable(loadTest, role), template: spec.template };
  const recorded = begunOf(owned.find(({ metadata }) => metadata.name === workload.metadata.name));
  const begun = recorded !== undefined && isStillAsked(recorded, today) ? recorded : today;
  return {
    ...workload,
    metadata: { ...workload.metadata, annotations: { [ANNOTATION]: JSON.stringify(begun) } },
    spec: { ...spec, template: begun.template },
  };
}

/** A producer's settings are immutable, and the number of clients is not part of a template. */
const changeable = ({ spec: { consumers } }: LoadTest, role: Role) =>
  role === 'producer' || consumers === undefined
    ? {}
    : { config: consumers.config, commit: consumers.commit, processing: consumers.processing };

/** In the same generation another `asked` means only that a newer CRD has filled in a default. */
const isStillAsked = (recorded: Begun, today: Begun): boolean =>
  recorded.generation === today.generation || sorted(recorded.asked) === sorted(today.asked);

/** JSON with sorted fields. The API server may return the fields of an object in another order. */
const sorted = (value: unknown): string =>
  JSON.stringify(value, (_, inner) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );

/** undefined: the StatefulSet does not exist, or has no readable record. */
function begunOf(workload: KubernetesObject | undefined): Begun | undefined {
  const json = workload?.metadata.annotations?.[ANNOTATION];
  if (json === undefined) return undefined;
  try {
    const begun = JSON.parse(json) as Partial<Begun> | null;
    return typeof begun?.template === 'object' && begun.template !== null ? (begun as Begun) : undefined;
  } catch {
    return undefined;
  }
}
