import { ManualClock } from '@lib/testing';

import { onceADay } from './once-a-day';

const DAY_MS = 86_400_000;

describe('work that is done once a day', () => {
  it('is done in the first round of a day, and again when it failed', async () => {
    const clock = new ManualClock();
    let tries = 0;
    const round = onceADay(clock, () => {
      tries += 1;
      return tries === 1 ? Promise.reject(new Error('away')) : Promise.resolve();
    });
    await expect(round()).rejects.toThrow('away');
    await round();
    await round();
    expect(tries).toBe(2);
    clock.advance(DAY_MS);
    await round();
    expect(tries).toBe(3);
  });
});
