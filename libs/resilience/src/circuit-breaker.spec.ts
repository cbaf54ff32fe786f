import { ManualTiming } from '@lib/testing';

import { type BreakerState, CircuitBreaker } from './circuit-breaker';

const OPTIONS = { consecutiveFailures: 5, sampleSize: 20, failureRatio: 0.5, probeIntervalMs: 5_000 };

function breaker() {
  const timing = new ManualTiming();
  const instance = new CircuitBreaker(timing.clock, OPTIONS);
  /** f: a failed try, s: a good one, a: one that says nothing. */
  const play = (outcomes: string): void => {
    for (const outcome of outcomes) {
      const permit = instance.tryAcquire();
      if (outcome === 'f') permit?.failed();
      if (outcome === 's') permit?.succeeded();
      if (outcome === 'a') permit?.abandoned();
    }
  };
  return { timing, instance, play };
}

describe('CircuitBreaker', () => {
  it.each<[string, string, BreakerState]>([
    ['four failures in a row', 'ffff', 'closed'],
    ['five failures in a row', 'fffff', 'open'],
    ['a success between failures', 'ffffsffff', 'closed'],
    ['abandoned tries between failures', 'ffaaaafff', 'open'],
    ['only abandoned tries', 'a'.repeat(50), 'closed'],
    ['half of fewer than twenty', 'fs'.repeat(9), 'closed'],
    ['half of twenty', 'fs'.repeat(10), 'open'],
    ['nine of twenty', 'ss' + 'fs'.repeat(9), 'closed'],
    ['old failures that left the sample', 'fs'.repeat(9) + 's'.repeat(30) + 'ffff', 'closed'],
  ])('after %s', (_what, outcomes, expected) => {
    const { instance, play } = breaker();
    play(outcomes);
    expect(instance.state).toBe(expected);
  });

  it('lets one probe through after the interval, and closes when it succeeds', async () => {
    const { timing, instance, play } = breaker();
    play('fffff');
    await timing.advance(4_999);
    expect(instance.tryAcquire()).toBeUndefined();
    expect(instance.state).toBe('open');
    expect(instance.retryAfterMs).toBe(1);
    await timing.advance(1);
    const probe = instance.tryAcquire();
    expect(probe).toBeDefined();
    expect(instance.state).toBe('half_open');
    expect(instance.tryAcquire()).toBeUndefined();
    probe?.succeeded();
    expect(instance.tryAcquire()).toBeDefined();
    expect(instance.state).toBe('closed');
  });

  it('waits another interval after a failed probe', async () => {
    const { timing, instance, play } = breaker();
    play('fffff');
    await timing.advance(5_000);
    play('f');
    await timing.advance(4_999);
    expect(instance.tryAcquire()).toBeUndefined();
    await timing.advance(1);
    expect(instance.tryAcquire()).toBeDefined();
  });

  it('lets the next caller probe when the probing one left', async () => {
    const { timing, instance, play } = breaker();
    play('fffff');
    await timing.advance(5_000);
    play('a');
    expect(instance.tryAcquire()).toBeDefined();
  });

  it('takes no notice of tries that began before it opened', async () => {
    const { timing, instance, play } = breaker();
    const early = instance.tryAcquire();
    const late = instance.tryAcquire();
    play('fffff');
    early?.succeeded();
    expect(instance.state).toBe('open');
    await timing.advance(5_000);
    instance.tryAcquire()?.succeeded();
    late?.failed();
    play('ffff');
    expect(instance.state).toBe('closed');
  });
});
