import { mayBeRolledBack } from './key-manager.port';

describe('the window of a roll-back', () => {
  it.each([
    [0, true],
    [3_600, true],
    [10 * 3_600 - 1, true],
    [10 * 3_600, false],
    // Another machine's clock is ahead.
    [-5, true],
  ])('a key of %i s may be hidden by a fail-over: %s', (ageSeconds, expected) => {
    const now = new Date('2026-01-01T00:00:00Z');
    expect(mayBeRolledBack(new Date(now.getTime() - ageSeconds * 1_000), now)).toBe(expected);
  });
});
