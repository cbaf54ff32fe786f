import { ManualTiming } from '@lib/testing';
import * as fc from 'fast-check';

import { RetryBudget } from './retry-budget';

const OPTIONS = { ratio: 0.2, windowMs: 10_000, reserve: 2 };

function budget() {
  const timing = new ManualTiming();
  const instance = new RetryBudget(timing.clock, OPTIONS);
  const call = (times = 1): void => {
    for (let index = 0; index < times; index += 1) instance.recordCall();
  };
  const take = (times: number): number => {
    let taken = 0;
    for (let index = 0; index < times; index += 1) taken += instance.tryTake() ? 1 : 0;
    return taken;
  };
  return { timing, instance, call, take };
}

describe('RetryBudget', () => {
  it.each([
    [0, 2],
    [1, 2],
    [5, 1 + 2],
    [9, 1 + 2],
    [100, 20 + 2],
  ])('after %i calls allows %i retries, the reserve included', (calls, retries) => {
    const { call, take } = budget();
    call(calls);
    expect(take(calls + 10)).toBe(retries);
  });

  it('refills the reserve by a success only', async () => {
    const { timing, instance, call, take } = budget();
    call();
    expect(take(5)).toBe(2);
    await timing.advance(60_000);
    call();
    expect(take(5)).toBe(0);
    instance.recordSuccess();
    expect(take(5)).toBe(2);
  });

  it('forgets what calls earned after the window', async () => {
    const { timing, call, take } = budget();
    expect(take(2)).toBe(2);
    call(100);
    await timing.advance(10_000);
    expect(take(1)).toBe(0);
    call(10);
    await timing.advance(9_999);
    expect(take(5)).toBe(2);
  });

  it('pays what was taken from the reserve before it earns anew', () => {
    const { call, take } = budget();
    expect(take(2)).toBe(2);
    call(10);
    expect(take(1)).toBe(0);
    call(5);
    expect(take(2)).toBe(1);
  });

  it('never lets an outage of any rhythm be multiplied by more than 1.2', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 0, max: 3_000 }), { minLength: 20, maxLength: 200 }),
        async (gaps) => {
          const { timing, call, take } = budget();
          let retries = 0;
          for (const gap of gaps) {
            await timing.advance(gap);
            call();
            retries += take(2);
          }
          expect(retries).toBeLessThanOrEqual(Math.max(2, 0.2 * gaps.length));
        },
      ),
      { numRuns: 50 },
    );
  });
});
