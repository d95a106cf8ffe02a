/** The worker's log: one JSON line (time, level, message, fields) per event on standard output, written for learners. */
import winston from 'winston';

export interface Log {
  info(message: string, fields?: Record<string, unknown>): void;
  warn(message: string, fields?: Record<string, unknown>): void;
  error(message: string, fields?: Record<string, unknown>): void;
}

/** `fields` are part of every line. */
export function createLog(fields: Record<string, unknown>): Log {
  return winston.createLogger({
    format: winston.format.printf(({ level, message, ...rest }) =>
      JSON.stringify({ time: new Date().toISOString(), level, message, ...fields, ...rest }),
    ),
    transports: [new winston.transports.Console()],
  });
}
