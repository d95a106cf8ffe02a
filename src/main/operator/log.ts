import winston from 'winston';
import type { Log } from '../../runtime/ports.ts';

/** The operator's log: one JSON line (time, level, message, fields) per event on standard output. */
export function operatorLog(minimumLevel: string): Log {
  return winston.createLogger({
    level: minimumLevel,
    format: winston.format.printf(({ level, message, ...fields }) =>
      JSON.stringify({ time: new Date().toISOString(), level, message, ...fields }),
    ),
    transports: [new winston.transports.Console()],
  });
}
