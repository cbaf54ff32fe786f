import { inParallel } from './in-parallel';

/** Work that ends when told, item by item. */
class Works {
  readonly begun: number[] = [];
  readonly #ends = new Map<number, (how: 'next' | 'stop' | Error) => void>();

  readonly work = (item: number): Promise<'next' | 'stop'> => {
    this.begun.push(item);
    return new Promise((resolve, reject) =>
      this.#ends.set(item, (how) => (how instanceof Error ? reject(how) : resolve(how))),
    );
  };

  async end(item: number, how: 'next' | 'stop' | Error = 'next'): Promise<void> {
    this.#ends.get(item)?.(how);
    await new Promise(setImmediate);
  }
}

describe('inParallel', () => {
  it('works on so many at a time, in their order', async () => {
    const works = new Works();
    const all = inParallel([1, 2, 3, 4], 2, works.work);
    expect(works.begun).toStrictEqual([1, 2]);
    await works.end(2);
    expect(works.begun).toStrictEqual([1, 2, 3]);
    await works.end(1);
    for (const item of [4, 3]) await works.end(item);
    await all;
    expect(works.begun).toStrictEqual([1, 2, 3, 4]);
  });

  it.each(['stop', new Error('broken')] as const)('begins nothing after %s, and ends what was begun', async (how) => {
    const works = new Works();
    let ended = false;
    const all = inParallel([1, 2, 3], 2, works.work).finally(() => (ended = true));
    all.catch(() => undefined);
    await works.end(1, how);
    expect({ begun: works.begun, ended }).toStrictEqual({ begun: [1, 2], ended: false });
    await works.end(2);
    if (how === 'stop') await all;
    else await expect(all).rejects.toBe(how);
    expect(works.begun).toStrictEqual([1, 2]);
  });

  it('throws what was thrown first, and needs no more workers than items', async () => {
    const works = new Works();
    const all = inParallel([1, 2], 5, works.work);
    all.catch(() => undefined);
    await works.end(2, new Error('first'));
    await works.end(1, new Error('second'));
    await expect(all).rejects.toThrow('first');
    await inParallel([], 3, works.work);
  });
});
