import { expect, test } from '@jest/globals';
import { operatorConfig } from './config.ts';

test.each([
  ['a:9092, b:9092', 'a:9092,b:9092'],
  ['PLAINTEXT://a:9092', 'a:9092'],
  ['[::1]:9092', '[::1]:9092'],
])('BOOTSTRAP_SERVERS: %s', (written, used) => {
  expect(operatorConfig({ BOOTSTRAP_SERVERS: written }, 'host').bootstrapServers).toBe(used);
});

test.each(['a', 'a:0', 'a:65536', 'SSL://a:9093'])('BOOTSTRAP_SERVERS: %s is refused with what to write', (written) => {
  expect(() => operatorConfig({ BOOTSTRAP_SERVERS: written }, 'host')).toThrow(
    /^BOOTSTRAP_SERVERS: .* is not a list of addresses: write host:port with a port from 1 to 65535/,
  );
});

test('the defaults', () => {
  expect(operatorConfig({}, 'host')).toEqual({
    bootstrapServers: '',
    workerImage: 'kafka-lab-operator:dev',
    podName: 'host',
    inPod: false,
    podNamespace: 'default',
    leaseName: 'kafka-lab-operator',
    logLevel: 'info',
    port: 8081,
  });
});

test('only POD_NAME is known to be the name of a pod', () => {
  expect(operatorConfig({ POD_NAME: 'operator-1' }, 'host')).toMatchObject({ podName: 'operator-1', inPod: true });
  expect(operatorConfig({ POD_NAME: '' }, 'host')).toMatchObject({ podName: 'host', inPod: false });
});

test('an empty WATCH_NAMESPACES means all namespaces', () => {
  expect(operatorConfig({ WATCH_NAMESPACES: '' }, 'host').namespaces).toBeUndefined();
  expect(operatorConfig({ WATCH_NAMESPACES: ' labs, other ,labs' }, 'host').namespaces).toEqual(['labs', 'other']);
});

test('a Kafka resource needs a name and a namespace', () => {
  const strimzi = { STRIMZI_CLUSTER: 'my-cluster', STRIMZI_NAMESPACE: 'kafka' };
  expect(operatorConfig(strimzi, 'host').strimzi).toEqual({ cluster: 'my-cluster', namespace: 'kafka' });
  expect(operatorConfig({ STRIMZI_CLUSTER: '', STRIMZI_NAMESPACE: '' }, 'host').strimzi).toBeUndefined();
  expect(() => operatorConfig({ STRIMZI_CLUSTER: 'my-cluster' }, 'h')).toThrow('Set both of them or neither');
  expect(() => operatorConfig({ STRIMZI_NAMESPACE: 'kafka' }, 'h')).toThrow('Set both of them or neither');
});

test('an error names the variable and what to write', () => {
  expect(() => operatorConfig({ WATCH_NAMESPACES: 'Labs' }, 'h')).toThrow(
    'WATCH_NAMESPACES: "Labs" is not a valid namespace name',
  );
  expect(() => operatorConfig({ LOG_LEVEL: 'loud' }, 'h')).toThrow(
    'LOG_LEVEL: "loud" is not a log level. Write one of error, warn, info, debug.',
  );
  expect(() => operatorConfig({ PORT: '80a' }, 'h')).toThrow('PORT: "80a" is not a port');
});
