import { LogLimiter } from './log-limiter';

describe('LogLimiter', () => {
  it('lets a burst through, then one line a second, and says how many it left out', () => {
    let nowMs = 0;
    const limiter = new LogLimiter({ monotonicMs: () => nowMs });
    const written = Array.from({ length: 50 }, () => limiter.allow('limit')).filter((line) => line !== undefined);
    expect(written).toHaveLength(20);
    expect(limiter.allow('another')).toEqual({ suppressed: 0 });
    nowMs = 1_500;
    expect([limiter.allow('limit'), limiter.allow('limit')]).toEqual([{ suppressed: 30 }, undefined]);
    nowMs = 100_000;
    expect(Array.from({ length: 50 }, () => limiter.allow('limit')).filter((line) => line !== undefined)).toHaveLength(
      20,
    );
  });
});
