import { Bulkhead } from './bulkhead';

type Wait = Parameters<Bulkhead['run']>[0];
const until =
  (signal: AbortSignal): Wait =>
  (queue) =>
    queue(signal);
const never = until(new AbortController().signal);
const CROWDED = new Error('crowded');
const LATE = new Error('late');
const bulkheadOf = (concurrent: number, waiting: number): Bulkhead =>
  new Bulkhead(concurrent, waiting, { crowded: () => CROWDED, late: () => LATE });

/** Work that ends when told. */
function gate() {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { opened, open };
}

describe('Bulkhead', () => {
  it('runs so many at a time, lets some wait and refuses the rest at once', async () => {
    const bulkhead = bulkheadOf(2, 1);
    const { opened, open } = gate();
    const order: number[] = [];
    const work = (id: number) => async () => {
      order.push(id);
      await opened;
    };
    const running = [bulkhead.run(never, work(1)), bulkhead.run(never, work(2)), bulkhead.run(never, work(3))];
    await expect(bulkhead.run(never, work(4))).rejects.toBe(CROWDED);
    expect(order).toEqual([1, 2]);
    open();
    await Promise.all(running);
    expect(order).toEqual([1, 2, 3]);
  });

  it('frees the place of failed work and of a waiter who left', async () => {
    const bulkhead = bulkheadOf(1, 1);
    const { opened, open } = gate();
    const first = bulkhead.run(never, () => opened);
    const controller = new AbortController();
    const waiting = bulkhead.run(until(controller.signal), () => Promise.resolve('never runs'));
    controller.abort();
    await expect(waiting).rejects.toBe(LATE);
    const next = bulkhead.run(never, () => Promise.reject(new Error('work failed')));
    open();
    await first;
    await expect(next).rejects.toThrow('work failed');
    await expect(bulkhead.run(never, () => Promise.resolve('runs'))).resolves.toBe('runs');
  });

  it('queues nobody whose deadline has passed', async () => {
    const bulkhead = bulkheadOf(1, 1);
    const { opened, open } = gate();
    const first = bulkhead.run(never, () => opened);
    const work = () => Promise.reject(new Error('must not run'));
    await expect(bulkhead.run(until(AbortSignal.abort()), work)).rejects.toBe(LATE);
    open();
    await first;
  });

  it('sends away who waits, and leaves alone what is under way', async () => {
    const bulkhead = bulkheadOf(1, 2);
    const { opened, open } = gate();
    const running = bulkhead.run(never, () => opened);
    const waiting = [bulkhead.run(never, () => opened), bulkhead.run(never, () => opened, 'gives_way')];
    bulkhead.dismiss(() => LATE);
    for (const waiter of waiting) await expect(waiter).rejects.toBe(LATE);
    open();
    await expect(running).resolves.toBeUndefined();
    await expect(bulkhead.run(never, () => Promise.resolve('free'))).resolves.toBe('free');
  });

  it('asks nobody to wait while there are places', async () => {
    const wait = () => Promise.reject(new Error('must not wait'));
    await expect(bulkheadOf(1, 0).run(wait, () => Promise.resolve('runs'))).resolves.toBe('runs');
  });

  it('begins work that gives way when no other waits, in half of the places', async () => {
    const bulkhead = bulkheadOf(4, 10);
    const order: string[] = [];
    const gates = new Map<string, () => void>();
    const running = ['b1', 'b2', 'b3', 'c1', 'c2', 'c3', 'b4'].map((name) => {
      const { opened, open } = gate();
      gates.set(name, open);
      const work = () => (order.push(name), opened);
      return bulkhead.run(never, work, name.startsWith('b') ? 'gives_way' : 'first');
    });
    await new Promise(setImmediate);
    expect(order).toEqual(['b1', 'b2', 'c1', 'c2']);
    for (const [ends, begins] of [
      ['b1', ['c3']],
      ['c1', ['b3']],
      ['c2', []],
      ['b2', ['b4']],
    ] as const) {
      const before = order.length;
      gates.get(ends)!();
      await new Promise(setImmediate);
      expect(order.slice(before)).toEqual(begins);
    }
    for (const open of gates.values()) open();
    await Promise.all(running);
  });
});
