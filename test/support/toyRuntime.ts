import { systemClock } from '../../src/runtime/clock.ts';
import { createRuntime, type Runtime, type RuntimeOptions } from '../../src/runtime/loop/runtime.ts';
import type { Cluster, Metrics } from '../../src/runtime/ports.ts';
import { keptLog, noEvidence, noKafka, noWorkers } from './kept.ts';
import { toyKind } from './toy.ts';

export interface ToyRuntime {
  runtime: Runtime;
  log: ReturnType<typeof keptLog>;
  /** The number of rounds by result. */
  results: Record<string, number>;
  /** Stops gracefully. */
  stop(): Promise<void>;
  /** Stops acting as after the loss of the lease, and then leads again. */
  loseAndRegain(): Promise<void>;
  /** Stops without any further write, like a crash. */
  crash(): Promise<void>;
}

/** A runtime for toys that leads without an election. */
export function startToyRuntime(cluster: Cluster, options: Partial<RuntimeOptions> = {}): ToyRuntime {
  const log = keptLog();
  const results: Record<string, number> = {};
  const metrics: Metrics = {
    reconciled: (_kind, result) => {
      results[result] = (results[result] ?? 0) + 1;
    },
  };
  const runtime = createRuntime({
    kinds: [toyKind],
    cluster,
    kafka: noKafka,
    workers: noWorkers,
    evidence: noEvidence,
    clock: systemClock,
    random: Math.random,
    log,
    metrics,
    instance: 'test',
    ...options,
  });
  runtime.start();
  const stopping = new AbortController();
  let losing = new AbortController();
  let led = runtime.lead(stopping.signal, losing.signal);
  const end = async (how: AbortController) => {
    how.abort();
    await led;
    await runtime.stop();
  };
  async function loseAndRegain() {
    losing.abort();
    await led;
    losing = new AbortController();
    led = runtime.lead(stopping.signal, losing.signal);
  }
  return { runtime, log, results, loseAndRegain, stop: () => end(stopping), crash: () => end(losing) };
}
