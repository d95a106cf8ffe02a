import { customResourceDefinition } from '../../src/api/schema/crd.ts';
import { CRDS } from '../../src/api/schema/crds.ts';
import type { Objects } from './objects.ts';
import { until } from './until.ts';

const DEFINITIONS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const NAMESPACE = '/apis/kafkalab.dev/v1alpha1/namespaces/default';

/** Creates our CRDs and waits until the API server serves them. Throws with its message if it refuses one. */
export async function serveCrds(objects: Objects): Promise<void> {
  for (const crd of CRDS) {
    const created = await objects.create(customResourceDefinition(crd), DEFINITIONS);
    if (created.body.message) throw new Error(`${crd.plural}: ${created.body.message}`);
    await until(
      `${crd.plural} are served`,
      async () => (await objects.get(`${NAMESPACE}/${crd.plural}`)).status === 200,
    );
  }
}
