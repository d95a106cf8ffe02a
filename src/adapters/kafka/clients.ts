/** One client for each Kafka cluster, made at its first use and closed after some minutes without use. */

/** Longer than the waits between two rounds of a resource that uses the client. */
const UNUSED_MS = 5 * 60_000;

interface Kept<Client> {
  client: Client;
  /** Number of calls that are under way. */
  calls: number;
  /** Time of the last call. */
  usedAt: number;
}

export interface ClientsOptions<Client> {
  make(servers: string): Client;
  close(client: Client): Promise<void>;
  /** Whether the client works even without a call. */
  isBusy?(servers: string): boolean;
  /** In ms; it never goes back. */
  clock: () => number;
}

export class Clients<Client> {
  readonly #options: ClientsOptions<Client>;
  /** By bootstrap servers, as written by the user. */
  readonly #kept = new Map<string, Kept<Client>>();

  constructor(options: ClientsOptions<Client>) {
    this.#options = options;
  }

  /** Calls the client of the cluster. It stays open until the call has ended. */
  async call<T>(servers: string, call: (client: Client) => Promise<T>): Promise<T> {
    const kept = this.#keep(servers);
    kept.calls += 1;
    try {
      return await call(kept.client);
    } finally {
      kept.calls -= 1;
      kept.usedAt = this.#options.clock();
    }
  }

  /** The client of the cluster, for a call that ends at once. */
  get(servers: string): Client {
    return this.#keep(servers).client;
  }

  /** Like `get`, but makes no client. */
  find(servers: string): Client | undefined {
    return this.#kept.has(servers) ? this.get(servers) : undefined;
  }

  /** Closes the clients that have not been used for 5 minutes. */
  async closeUnused(): Promise<void> {
    const { clock, isBusy } = this.#options;
    const unused = [...this.#kept].filter(
      ([servers, { calls, usedAt }]) => calls === 0 && clock() - usedAt > UNUSED_MS && isBusy?.(servers) !== true,
    );
    await this.#close(unused);
  }

  async closeAll(): Promise<void> {
    await this.#close([...this.#kept]);
  }

  async #close(all: [string, Kept<Client>][]): Promise<void> {
    for (const [servers] of all) this.#kept.delete(servers);
    await Promise.allSettled(all.map(([, { client }]) => this.#options.close(client)));
  }

  #keep(servers: string): Kept<Client> {
    const { make, clock } = this.#options;
    const kept = this.#kept.get(servers) ?? { client: make(servers), calls: 0, usedAt: 0 };
    kept.usedAt = clock();
    this.#kept.set(servers, kept);
    return kept;
  }
}
