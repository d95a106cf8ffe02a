/**
 * librdkafka's errors by Kafka's names.
 *
 * Trap: an `event.error` has the error's text only, so its name is looked up by that text.
 */
import { ClientRefusal, type ClientTrouble } from '../port.ts';
import { codes, err2str } from './binding.ts';

const shortName = (name: string): string => name.replace(/^ERR_+/, '');
const namesByCode = new Map(Object.entries(codes).map(([name, code]) => [code, shortName(name)]));

/** Kafka's name of an error number, without ERR_. */
export const errorName = (code: number): string => namesByCode.get(code) ?? `ERROR_${code}`;

let namesByText: Map<string, string> | undefined;
function errorNameOfText(text: string): string {
  namesByText ??= new Map(
    [...namesByCode].map(([code, name]) => [err2str(code).split(': ').at(-1)?.toLowerCase() ?? '', name]),
  );
  return namesByText.get(text.toLowerCase()) ?? 'UNKNOWN';
}

/** An error thrown or returned by a call of the binding. */
export function refusal(error: unknown): ClientRefusal {
  const { code, message } = error as { code?: number; message?: string };
  return typeof code === 'number'
    ? new ClientRefusal(errorName(code), err2str(code))
    : new ClientRefusal('UNKNOWN', message ?? String(error));
}

/** An `event.error` of the binding. */
export const troubleOfError = ({ message }: { message: string }): ClientTrouble => ({
  code: errorNameOfText(message),
  message,
});

/** A line of librdkafka's log: severity as in syslog, `fac` is a short name of what it is about. */
export interface LogLine {
  severity: number;
  message: string;
  fac: string;
}

const WARNING = 4;
/** Lines that librdkafka reports as error events too. */
const ALSO_EVENTS = { FAIL: true, ERROR: true };
/** Kafka's error name for lines that announce an error. */
const NAMES_BY_FAC: Record<string, string> = {
  MAXPOLL: 'MAX_POLL_EXCEEDED',
  SESSTMOUT: 'SESSION_TIMEOUT',
  COMMITFAIL: 'COMMIT_REFUSED',
};

/** A broker without ConsumerGroupHeartbeat is asked again for ever, which only this debug line shows (KIP-848). */
const NO_HEARTBEAT = 'ConsumerGroupHeartbeatRequest not supported by broker';

/** The error in a line of librdkafka's log. undefined: the line is no warning, or an error event repeats it. */
export function troubleOfLog({ severity, message, fac }: LogLine): ClientTrouble | undefined {
  if (fac === 'COORD' && message.includes(NO_HEARTBEAT)) return { code: 'UNSUPPORTED_VERSION', message: NO_HEARTBEAT };
  if (severity > WARNING || fac in ALSO_EVENTS) return undefined;
  return { code: NAMES_BY_FAC[fac] ?? fac, message: message.replace(/^\[thrd:[^\]]*\]: /, '') };
}
