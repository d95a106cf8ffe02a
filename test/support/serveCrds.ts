import { customResourceDefinition } from '../../src/api/schema/crd.ts';
import { CRDS } from '../../src/api/schema/crds.ts';
import type { Objects } from './objects.ts';
import { until } from './until.ts';

const DEFINITIONS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const NAMESPACE = '/apis/kafkalab.dev/v1alpha1/namespaces/default';

/** Gives the API server our kinds and waits until it serves them. Throws with what it says against one of them. */
export async function serveCrds(objects: Objects): Promise<void> {
  for (const crd of CRDS) {
    const made = await objects.create(customResourceDefinition(crd), DEFINITIONS);
    if (made.body.message) throw new Error(`${crd.plural}: ${made.body.message}`);
    await until(
      `${crd.plural} are served`,
      async () => (await objects.get(`${NAMESPACE}/${crd.plural}`)).status === 200,
    );
  }
}
