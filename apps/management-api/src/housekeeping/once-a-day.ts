import { type Clock } from '@lib/kernel';

/** For work within a shorter round. What failed is tried again with the next round; a restart does it again. */
export function onceADay(clock: Clock, work: () => Promise<void>): () => Promise<void> {
  let done = '';
  return async () => {
    const today = clock.now().toISOString().slice(0, 10);
    if (today === done) return;
    await work();
    done = today;
  };
}
