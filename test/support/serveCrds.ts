import { loadTestPolicy } from '../../src/api/loadtest/policy.ts';
import { customResourceDefinition } from '../../src/api/schema/crd.ts';
import { CRDS } from '../../src/api/schema/crds.ts';
import type { Objects } from './objects.ts';
import { until } from './until.ts';

const DEFINITIONS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const WRONG = {
  apiVersion: 'kafkalab.dev/v1alpha1',
  kind: 'LoadTest',
  metadata: { name: 'wrong' },
  spec: { topic: { name: 'wrong', config: { Wrong: 1 } }, producers: {} },
};
const NAMESPACE = '/apis/kafkalab.dev/v1alpha1/namespaces/default';

/** Creates our CRDs and the admission policy, and waits until the API server serves and enforces them. Throws with its message if it refuses one. */
export async function serveCrds(objects: Objects): Promise<void> {
  for (const crd of CRDS) {
    const created = await objects.create(customResourceDefinition(crd), DEFINITIONS);
    if (created.body.message) throw new Error(`${crd.plural}: ${created.body.message}`);
    await until(
      `${crd.plural} are served`,
      async () => (await objects.get(`${NAMESPACE}/${crd.plural}`)).status === 200,
    );
  }
  for (const object of loadTestPolicy) {
    const plural =
      object.kind === 'ValidatingAdmissionPolicy' ? 'validatingadmissionpolicies' : 'validatingadmissionpolicybindings';
    const created = await objects.create(object, `/apis/admissionregistration.k8s.io/v1/${plural}`);
    if (created.body.message) throw new Error(`${plural}: ${created.body.message}`);
  }
  await until('the admission policy is enforced', async () => {
    const answer = await objects.tryToCreate(WRONG, `${NAMESPACE}/loadtests`);
    return (answer.body.message ?? '').includes('ValidatingAdmissionPolicy');
  });
}
