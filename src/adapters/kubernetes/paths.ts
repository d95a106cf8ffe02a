/** From a type to its URL; the plural name is asked of the server once (API discovery) where it is not known. */
import { ApiError, type ResourceType } from '../../runtime/ports.ts';
import type { Rest } from './rest.ts';

export interface Paths {
  /** `/apis/apps/v1/namespaces/demo/statefulsets/lag`; throws `ApiError` 404 for a type that the server does not have. */
  of(type: ResourceType, namespace?: string, name?: string, signal?: AbortSignal): Promise<string>;
}

/** Types used in every run. */
const KNOWN = new Map([
  ['events.k8s.io/v1 Event', 'events'],
  ['coordination.k8s.io/v1 Lease', 'leases'],
]);

export interface ApiResourceList {
  /** Subresources come as `pods/log`, under the kind of what they exchange. */
  resources: { name: string; kind: string }[];
}

export function paths(rest: Rest): Paths {
  const plurals = new Map(KNOWN);

  async function discover(apiVersion: string, kind: string, signal?: AbortSignal): Promise<string> {
    const { resources } = await rest.send<ApiResourceList>({ method: 'GET', path: rootOf(apiVersion), signal });
    for (const resource of resources) {
      if (!resource.name.includes('/')) plurals.set(`${apiVersion} ${resource.kind}`, resource.name);
    }
    const plural = plurals.get(`${apiVersion} ${kind}`);
    if (!plural) throw new ApiError(404, 'NotFound', `the API server has no ${kind} in ${apiVersion}`);
    return plural;
  }

  return {
    async of({ apiVersion, kind, plural }, namespace, name, signal) {
      const resource = plural ?? plurals.get(`${apiVersion} ${kind}`) ?? (await discover(apiVersion, kind, signal));
      const within = namespace ? `/namespaces/${encodeURIComponent(namespace)}` : '';
      return `${rootOf(apiVersion)}${within}/${resource}${name ? `/${encodeURIComponent(name)}` : ''}`;
    },
  };
}

/** Where the server tells what it has in that version. */
export const rootOf = (apiVersion: string) => (apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`);
