import { setTimeout as delay } from 'node:timers/promises';

import { value } from '../../command-line/command';
import { type Context } from '../../command-line/context';
import { EXIT } from '../../command-line/exit-codes';
import { CommandFault } from '../../command-line/faults';
import { countIn } from '../../tenant/asking';

const TIMEOUT_S = 600;
const EVERY_MS = 1_000;

export const WAITING = {
  timeout: value('SECONDS', `how long to wait (default: ${TIMEOUT_S}); ends with 1 when it is over`),
} as const;

export interface Progress<T> {
  readonly value: T;
  readonly isReached: boolean;
  /** For the bar: done, and of how many. */
  readonly done: number;
  readonly total: number;
  /** What is said when it took too long. */
  readonly standing: string;
}

/** Looks once a second until it is reached. @throws CommandFault when that took too long */
export async function waitFor<T>(
  look: () => Promise<Progress<T>>,
  timeout: string | undefined,
  { out }: Pick<Context, 'out'>,
): Promise<T> {
  const until = performance.now() + (countIn('--timeout', timeout) ?? TIMEOUT_S) * 1_000;
  const bar = out.progress();
  try {
    for (;;) {
      const { value: found, isReached, done, total, standing } = await look();
      bar.show(done, total);
      if (isReached) return found;
      if (performance.now() + EVERY_MS > until) {
        throw new CommandFault(EXIT.failed, `it took too long: ${standing}`, 'wait longer with --timeout SECONDS');
      }
      await delay(EVERY_MS);
    }
  } finally {
    bar.end();
  }
}
