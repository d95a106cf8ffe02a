import { expect, test } from '@jest/globals';
import { connect, kubeConfigFromText } from './connection.ts';

const certificate = (text: string) => Buffer.from(text).toString('base64');

function kubeconfig(user: Record<string, unknown> = { token: 'secret' }) {
  return kubeConfigFromText(
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [
        { name: 'c', cluster: { server: 'https://127.0.0.1:1/', 'certificate-authority-data': certificate('one') } },
      ],
      users: [{ name: 'u', user }],
      contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
      'current-context': 'x',
    }),
  );
}

test('requests share their connections until certificates change', async () => {
  const config = kubeconfig();
  const connection = connect(config);
  const first = await connection.prepare();
  const second = await connection.prepare();
  expect(second.requests).toBe(first.requests);
  expect(second.watches).toBe(first.watches);
  config.clusters = config.clusters.map((cluster) => ({ ...cluster, caData: certificate('two') }));
  const third = await connection.prepare();
  expect(third.requests).not.toBe(first.requests);
  expect(third.watches).not.toBe(first.watches);
  await connection.close();
});

test('token and basic authentication come from the configuration', async () => {
  const withToken = connect(kubeconfig());
  expect((await withToken.prepare()).headers.authorization).toBe('Bearer secret');
  const withPassword = connect(kubeconfig({ username: 'me', password: 'it' }));
  expect((await withPassword.prepare()).headers.authorization).toBe(`Basic ${certificate('me:it')}`);
  expect(withToken.server).toBe('https://127.0.0.1:1');
});

test('a configuration without a current cluster is refused', () => {
  const config = kubeconfig();
  config.setCurrentContext('nowhere');
  expect(() => connect(config)).toThrow('names no current cluster');
});
