import { type Logger } from './logger';

/** For what reports a fault that it gets over by itself: one line of level `warn`, with the error where there is one. */
export const warningsOf =
  (logger: Pick<Logger, 'warn'>) =>
  (message: string, error?: unknown): void =>
    logger.warn({ err: error }, message);
