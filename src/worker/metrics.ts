/** A worker's metrics for Prometheus. */
import type { Metric } from './process/server.ts';

interface ReportCounts {
  sent: number;
  acknowledged: number;
  waiting: number;
  dropped: number;
}

const counter = (name: string, help: string, value: number): Metric => ({ name, help, type: 'counter', value });

const sum = <K extends string>(all: readonly Readonly<Record<K, number>>[], key: K): number =>
  all.reduce((total, each) => total + each[key], 0);

export const reportMetrics = ({ sent, acknowledged, waiting, dropped }: ReportCounts): Metric[] => [
  counter('kafkalab_worker_reports_sent_total', 'Reports made for the evidence topic.', sent),
  counter('kafkalab_worker_reports_acknowledged_total', 'Reports that Kafka acknowledged.', acknowledged),
  {
    name: 'kafkalab_worker_reports_waiting',
    help: 'Reports that are not acknowledged yet.',
    type: 'gauge',
    value: waiting,
  },
  counter('kafkalab_worker_reports_dropped_total', 'Reports lost because too many were waiting.', dropped),
];

export const producerMetrics = (
  totals: readonly Readonly<Record<'attempted' | 'acknowledged' | 'failed' | 'bytes', number>>[],
): Metric[] => [
  counter('kafkalab_worker_records_sent_total', 'Records given to the client.', sum(totals, 'attempted')),
  counter('kafkalab_worker_records_acknowledged_total', 'Records acknowledged.', sum(totals, 'acknowledged')),
  counter('kafkalab_worker_records_failed_total', 'Records not delivered.', sum(totals, 'failed')),
  counter(
    'kafkalab_worker_bytes_acknowledged_total',
    'Bytes of keys and values of acknowledged records.',
    sum(totals, 'bytes'),
  ),
];

export const consumerMetrics = (totals: readonly Record<'records' | 'bytes', number>[]): Metric[] => [
  counter('kafkalab_worker_records_processed_total', 'Records processed.', sum(totals, 'records')),
  counter(
    'kafkalab_worker_bytes_processed_total',
    'Bytes of keys and values of processed records.',
    sum(totals, 'bytes'),
  ),
];
