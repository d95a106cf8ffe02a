/**
 * The connection to the API server. @kubernetes/client-node loads the configuration and authenticates; the HTTP connections
 * are kept here.
 */
import { createHash } from 'node:crypto';
import type { AgentOptions, RequestOptions } from 'node:https';
import { HttpMethod, KubeConfig, RequestContext } from '@kubernetes/client-node';
import { Agent, type buildConnector, type Dispatcher } from 'undici';

export interface Connection {
  /** The server's base URL, without a trailing slash. */
  readonly server: string;
  /** Headers and dispatchers for one request. To be called for each request, because tokens and certificates are renewed. */
  prepare(): Promise<{ headers: Record<string, string>; requests: Dispatcher; watches: Dispatcher }>;
  close(): Promise<void>;
}

/** The configuration from KUBECONFIG or ~/.kube/config, or the service account's in a pod. */
export function loadKubeConfig(): KubeConfig {
  const config = new KubeConfig();
  config.loadFromDefault();
  return config;
}

export function kubeConfigFromText(text: string): KubeConfig {
  const config = new KubeConfig();
  config.loadFromString(text);
  return config;
}

/** At most this many requests are in flight; further requests wait for a free connection. */
const CONNECTIONS = 16;
const CONNECT_MS = 10_000;
/** TCP keepalive as in client-go. After ten probes without an answer, a second apart, the connection counts as broken. */
const KEEPALIVE_MS = 30_000;

/** Throws if the configuration has no current cluster. */
export function connect(config: KubeConfig): Connection {
  const cluster = config.getCurrentCluster();
  if (!cluster) throw new Error('the Kubernetes configuration names no current cluster');
  let current: { key: string; requests: Dispatcher; watches: Dispatcher } | undefined;

  /** client-node would create an undici agent for every request. Here there is a new one only after its options changed. */
  async function dispatchers(tls: RequestOptions): Promise<{ requests: Dispatcher; watches: Dispatcher }> {
    const options = config.createDispatcherOptions(cluster, tls as AgentOptions);
    const key = createHash('sha256').update(JSON.stringify(options)).digest('base64');
    if (current?.key === key) return current;
    const before = current;
    if (options.type === 'proxy' || options.type === 'socks') {
      const context = new RequestContext(config.getCurrentCluster()?.server ?? '', HttpMethod.GET);
      await config.applySecurityAuthentication(context);
      const dispatcher = context.getDispatcher() as unknown as Dispatcher;
      current = { key, requests: dispatcher, watches: dispatcher };
    } else {
      const tlsOptions = options.type === 'agent' ? options.connect : {};
      const connect = {
        ...tlsOptions,
        timeout: CONNECT_MS,
        keepAlive: true,
        keepAliveInitialDelay: KEEPALIVE_MS,
      } as buildConnector.BuildOptions;
      // With HTTP/1.1 a stuck connection holds up one watch only.
      current = {
        key,
        requests: new Agent({ connect, allowH2: false, connections: CONNECTIONS }),
        watches: new Agent({ connect, allowH2: false, pipelining: 1 }),
      };
    }
    // Requests in flight finish on the old connections.
    void before?.requests.close();
    if (before && before.watches !== before.requests) void before.watches.close();
    return current;
  }

  return {
    server: cluster.server.replace(/\/+$/, ''),
    async prepare() {
      const options: RequestOptions = {};
      await config.applyToHTTPSOptions(options);
      const headers: Record<string, string> = {};
      for (const [name, value] of Object.entries(options.headers ?? {})) headers[name.toLowerCase()] = String(value);
      if (options.auth) headers.authorization = `Basic ${Buffer.from(options.auth).toString('base64')}`;
      return { headers, ...(await dispatchers(options)) };
    },
    async close() {
      await Promise.all([current?.requests.destroy(), current?.watches.destroy()]);
    },
  };
}
