/** The Topic Operator's own words about a KafkaTopic, and the commands that answer them. */
import type { KubernetesObject } from '../../contract/kubernetes.ts';
import { MANAGED, type TopicStatus } from './resources.ts';

/** A message without the Java classes that it begins with; if there is nothing else, the last class without its package. */
export function withoutJavaClass(message: string): string {
  const [, name, rest] = /^(?:[a-z_]\w*\.)+([A-Z][\w$]*)(?::\s*([\s\S]*))?$/.exec(message.trim()) ?? [];
  if (name === undefined) return message.trim();
  return rest === undefined || rest === '' || rest === 'null' ? name : withoutJavaClass(rest);
}

/** spec.topicName differs from the topic that the KafkaTopic was made for. The Topic Operator refuses that, also at the deletion. */
export function isRenamed({ metadata, spec, status }: KubernetesObject): boolean {
  const made = (status as TopicStatus | undefined)?.topicName;
  return made !== undefined && made !== ((spec as { topicName?: string } | undefined)?.topicName ?? metadata.name);
}

const of = ({ name, namespace = '' }: KubernetesObject['metadata']) => `kafkatopic ${name} -n ${namespace}`;

/** The command that gives a renamed KafkaTopic its topic back. */
export const restoreName = ({ metadata, status }: KubernetesObject): string =>
  `kubectl patch ${of(metadata)} --type=merge -p '{"spec":{"topicName":"${(status as TopicStatus | undefined)?.topicName}"}}'`;

export const withoutAnnotation = ({ metadata }: KubernetesObject, annotation: string): string =>
  `kubectl annotate ${of(metadata)} ${annotation}-`;

export const makeUnmanaged = ({ metadata }: KubernetesObject): string =>
  `kubectl annotate ${of(metadata)} ${MANAGED}=false --overwrite`;

export const deleteIt = ({ metadata }: KubernetesObject): string => `kubectl delete ${of(metadata)}`;

export const withoutFinalizers = ({ metadata }: KubernetesObject): string =>
  `kubectl patch ${of(metadata)} --type=merge -p '{"metadata":{"finalizers":null}}'`;
