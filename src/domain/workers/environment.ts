/** The environment of a worker pod, its port and its labels: what operator and worker have agreed on. */

export const WORKER_SPEC_ENV = 'KAFKALAB_WORKER';
/** Ordinal of the pod in its StatefulSet (label apps.kubernetes.io/pod-index). */
export const POD_INDEX_ENV = 'KAFKALAB_POD_INDEX';
export const POD_NAME_ENV = 'KAFKALAB_POD_NAME';
export const NODE_NAME_ENV = 'KAFKALAB_NODE_NAME';
/** A folder that outlives the container, not the pod: how far a producer has come, and what a consumer has not reported yet. */
export const STATE_DIR_ENV = 'KAFKALAB_STATE_DIR';
/** "1": a consumer writes each record that it processes to standard output (worker/recordLog.ts). */
export const RECORD_LOG_ENV = 'KAFKALAB_RECORD_LOG';
/** Port of the worker's HTTP server: /healthz, /readyz (200 once its clients work), /metrics, and STOP_PATH. */
export const WORKER_PORT = 8080;
/** Of every worker pod, among others. */
export const WORKER_LABELS = { 'app.kubernetes.io/name': 'kafka-lab-worker' };
