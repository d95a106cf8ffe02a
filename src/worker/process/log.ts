/** JSON lines (time, level, message, fields) on standard output, one per happening, to be read by a learner. */
import winston from 'winston';

export interface Log {
  info(message: string, fields?: Record<string, unknown>): void;
  warn(message: string, fields?: Record<string, unknown>): void;
  error(message: string, fields?: Record<string, unknown>): void;
}

export function createLog(fields: Record<string, unknown>): Log {
  return winston.createLogger({
    format: winston.format.printf(({ level, message, ...rest }) =>
      JSON.stringify({ time: new Date().toISOString(), level, message, ...fields, ...rest }),
    ),
    transports: [new winston.transports.Console()],
  });
}
