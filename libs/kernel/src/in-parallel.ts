/**
 * Works on `items` in their order, on so many at a time, until `work` says `stop` or throws. What has begun by then is
 * ended first, so that nothing goes on when this returns.
 * @throws what `work` threw first
 */
export async function inParallel<T>(
  items: Iterable<T>,
  atOnce: number,
  work: (item: T) => Promise<'next' | 'stop'>,
): Promise<void> {
  const queue = items[Symbol.iterator]();
  const failures: unknown[] = [];
  let going = true;
  const worker = async (): Promise<void> => {
    for (let next = queue.next(); going && next.done !== true; next = queue.next()) {
      try {
        if ((await work(next.value)) === 'stop') going = false;
      } catch (error) {
        going = false;
        failures.push(error);
      }
      if (!going) return;
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  if (failures.length > 0) throw failures[0];
}
