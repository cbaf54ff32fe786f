import { type DestinationStream, type Logger as PinoLogger, pino } from 'pino';

import { processLog } from './log-destination';
import { toPrintable } from './printable';

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent';

/** Structured log of one process: one JSON object a line. */
export type Logger = PinoLogger;

export interface LoggerOptions {
  readonly level: LogLevel;
  /** Name of the process, on every line. */
  readonly name: string;
  /** Default: standard output, whose failure never reaches the caller. */
  readonly destination?: DestinationStream;
}

/** Whatever is handed to this logger, secrets, bytes and PEM text do not come out of it. */
export function createLogger({ level, name, destination = processLog() }: LoggerOptions): Logger {
  const options = {
    level,
    name,
    timestamp: pino.stdTimeFunctions.isoTime,
    // Errors are made printable as fields; pino's own serializer would flatten them again.
    serializers: { err: (error: unknown) => error },
    formatters: { level: (label: string) => ({ level: label }), log: printableObject },
    hooks: {
      // Values that format specifiers put into the message take the same way as fields.
      logMethod(this: Logger, args: [unknown, ...unknown[]], method: (...args: [unknown, ...unknown[]]) => void): void {
        const [first, ...rest] = args;
        method.apply(this, [
          typeof first === 'string' ? toPrintable(first) : first,
          ...rest.map((item) => toPrintable(item)),
        ]);
      },
    },
  };
  const logger = pino(options as never, destination);
  // pino passes bindings of children by its formatters; children inherit this method from here.
  const inherited = Object.getPrototypeOf(logger) as Logger;
  logger.child = function (this: Logger, bindings, childOptions) {
    return inherited.child.call(this, printableObject(bindings), childOptions) as never;
  };
  return logger;
}

function printableObject(fields: object): Record<string, unknown> {
  return toPrintable(fields) as Record<string, unknown>;
}
