import { type Output } from '../../output/output';

/**
 * The first Ctrl-C, or the end that a pipeline asks for, lets work end in order; a second one ends the process.
 * @param words said when it comes
 */
export async function interruptible<T>(
  out: Output,
  words: string,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const interrupt = (): void => {
    out.note(words);
    controller.abort(new Error('it was interrupted'));
    stop();
  };
  const stop = (): void => {
    process.removeListener('SIGINT', interrupt);
    process.removeListener('SIGTERM', interrupt);
  };
  process.on('SIGINT', interrupt);
  process.on('SIGTERM', interrupt);
  try {
    return await work(controller.signal);
  } finally {
    stop();
  }
}
