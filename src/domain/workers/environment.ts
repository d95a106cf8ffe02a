/** Environment variables, port and labels of a worker pod, shared by operator and worker. */

/** The WorkerSpec as JSON. */
export const WORKER_SPEC_ENV = 'KAFKALAB_WORKER';
/** Ordinal of the pod in its StatefulSet (label apps.kubernetes.io/pod-index). */
export const POD_INDEX_ENV = 'KAFKALAB_POD_INDEX';
export const POD_NAME_ENV = 'KAFKALAB_POD_NAME';
export const NODE_NAME_ENV = 'KAFKALAB_NODE_NAME';
/** A folder that lives as long as the pod: a producer's checkpoint and a consumer's journal of unreported work. */
export const STATE_DIR_ENV = 'KAFKALAB_STATE_DIR';
/** "1": a consumer writes each processed record to standard output (worker/consuming/recordLog.ts). */
export const RECORD_LOG_ENV = 'KAFKALAB_RECORD_LOG';
/** Port of the worker's HTTP server: /healthz, /readyz (200 once its clients work), /metrics and STOP_PATH. */
export const WORKER_PORT = 8080;
/** Labels that every worker pod has. */
export const WORKER_LABELS = { 'app.kubernetes.io/name': 'kafka-lab-worker' };
