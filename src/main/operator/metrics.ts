/** The operator's metrics for Prometheus. */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { Metrics } from '../../runtime/ports.ts';

export interface OperatorMetrics extends Metrics {
  /** A request to the API server was answered with this HTTP status; 0: not answered. */
  requested(method: string, status: number): void;
  registry: Registry;
}

/** `current` is called at each scrape. */
export function operatorMetrics(current: { queueDepth(): number; leading(): boolean }): OperatorMetrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const rounds = new Counter({
    name: 'kafkalab_reconcile_total',
    help: 'Rounds of observe, plan, apply by result: Done, Waited (the status may be written once a second), Failed, or Gone (the resource is deleted).',
    labelNames: ['kind', 'result'],
    registers,
  });
  const duration = new Histogram({
    name: 'kafkalab_reconcile_seconds',
    help: 'Duration of a round.',
    labelNames: ['kind'],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers,
  });
  const requests = new Counter({
    name: 'kafkalab_api_requests_total',
    help: 'Requests to the Kubernetes API server by method (WATCH: the start of a watch) and HTTP status (0: no answer).',
    labelNames: ['method', 'code'],
    registers,
  });
  new Gauge({
    name: 'kafkalab_queue_depth',
    help: 'Resources waiting for a round.',
    registers,
    collect() {
      this.set(current.queueDepth());
    },
  });
  new Gauge({
    name: 'kafkalab_leader',
    help: '1 while this process leads, 0 while it stands by.',
    registers,
    collect() {
      this.set(current.leading() ? 1 : 0);
    },
  });
  return {
    registry,
    reconciled(kind, result, seconds) {
      rounds.inc({ kind, result });
      duration.observe({ kind }, seconds);
    },
    requested(method, status) {
      requests.inc({ method, code: String(status) });
    },
  };
}
