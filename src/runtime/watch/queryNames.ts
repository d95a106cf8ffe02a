/** Queries as text: one that tells them apart, and one for people. */
import type { Query } from '../../contract/queries.ts';

/** Whether it may be read is no part of it: what is watched is the same. */
export function nameOf(query: Query): string {
  if ('served' in query) return JSON.stringify(['served', query.served]);
  if ('list' in query) {
    const { list, namespace, labelSelector } = query;
    return JSON.stringify(['list', list.apiVersion, list.kind, namespace, labelSelector]);
  }
  const { apiVersion, kind, namespace, name } = query.get;
  return JSON.stringify(['get', apiVersion, kind, namespace, name]);
}

/** `Deployment demo/app` */
export function textOf(query: Query): string {
  if ('served' in query) return `APIResourceList /${query.served}`;
  if ('list' in query) return `${query.list.kind}List ${query.namespace}/${query.labelSelector}`;
  const { kind, namespace, name } = query.get;
  return `${kind} ${namespace}/${name}`;
}
