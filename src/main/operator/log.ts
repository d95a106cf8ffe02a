import winston from 'winston';
import type { Log } from '../../runtime/ports.ts';

/** JSON lines (time, level, message, fields) on standard output. */
export function operatorLog(level: string): Log {
  return winston.createLogger({
    level,
    format: winston.format.printf(({ level: said, message, ...fields }) =>
      JSON.stringify({ time: new Date().toISOString(), level: said, message, ...fields }),
    ),
    transports: [new winston.transports.Console()],
  });
}
