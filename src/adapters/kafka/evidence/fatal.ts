/**
 * librdkafka's fatal errors: after one, an idempotent producer delivers nothing any more.
 *
 * Trap: an `event.error` has the text of its error, but no code.
 */
const CODE = -150; // ERR__FATAL
const TEXT = 'Local: Fatal error';

/** `error`: of an event, a delivery report or a call. */
export function isFatal(error: unknown): boolean {
  const { code, isFatal: marked, message } = (error ?? {}) as { code?: unknown; isFatal?: unknown; message?: unknown };
  return code === CODE || marked === true || (typeof message === 'string' && message.endsWith(TEXT));
}
