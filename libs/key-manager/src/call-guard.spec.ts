import { ManualTiming } from '@lib/testing';

import { CallGuard, DEFAULT_CALL_LIMITS, type Repeatable } from './call-guard';
import { KeyManagerError, type KeyManagerFault } from './key-manager.error';

type Details = KeyManagerError['details'];
const fault = (kind: KeyManagerFault, details: Details = {}) => new KeyManagerError(kind, kind, details);

/** An attempt that answers only by its signal. */
const hang = (signal: AbortSignal): Promise<never> =>
  new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(fault('timeout', { certainlyNotDone: false })));
  });

function guard(limits: Partial<typeof DEFAULT_CALL_LIMITS> = {}) {
  const timing = new ManualTiming();
  const instance = new CallGuard(timing, { ...DEFAULT_CALL_LIMITS, ...limits });
  /** Runs a call to its end, however long it takes, and says when it ended. */
  const run = async (repeatable: Repeatable, attempt: (signal: AbortSignal) => Promise<unknown>) => {
    const startedMs = timing.clock.monotonicMs();
    let tookMs = NaN;
    const call = instance.run(repeatable, {}, attempt).finally(() => {
      tookMs = timing.clock.monotonicMs() - startedMs;
    });
    call.catch(() => undefined);
    await timing.advance(20_000);
    const outcome = await call.catch((error: unknown) => error);
    return { outcome, tookMs };
  };
  return { timing, instance, run };
}

describe('CallGuard: what is repeated', () => {
  it.each<[string, Repeatable, KeyManagerError, number]>([
    ['a broken connection', 'always', fault('unavailable'), 3],
    ['502', 'always', fault('unavailable', { httpStatus: 502 }), 3],
    ['503', 'always', fault('unavailable', { httpStatus: 503 }), 3],
    ['504', 'always', fault('unavailable', { httpStatus: 504 }), 3],
    ['429', 'always', fault('rate_limited', { httpStatus: 429 }), 3],
    ['500', 'always', fault('unavailable', { httpStatus: 500 }), 3],
    ['a page of a proxy', 'always', fault('unavailable', { httpStatus: 499, certainlyNotDone: false }), 3],
    ['a ciphertext the key manager may have failed on', 'always', fault('ciphertext_rejected', { doubtful: true }), 3],
    ['a stored key that is not there at the moment', 'always', fault('stored_key_absent'), 3],
    ['a malformed ciphertext', 'always', fault('ciphertext_rejected', { httpStatus: 400 }), 1],
    ['an unreadable answer', 'always', fault('unavailable', { httpStatus: 200 }), 1],
    ['a refusal', 'always', fault('permission_denied', { httpStatus: 401 }), 1],
    ['a disabled root key', 'always', fault('root_key_disabled'), 1],
    ['a rejected credential', 'always', fault('credential_rejected'), 1],
    [
      'a store that was refused by a limit',
      'only_if_certainly_not_done',
      fault('rate_limited', { certainlyNotDone: true }),
      3,
    ],
    ['a store without a connection', 'only_if_certainly_not_done', fault('unavailable', { certainlyNotDone: true }), 3],
    ['a store cut off', 'only_if_certainly_not_done', fault('unavailable', { certainlyNotDone: false }), 1],
    ['a store answered with 500', 'only_if_certainly_not_done', fault('unavailable', { httpStatus: 500 }), 1],
    [
      'a store answered by a proxy',
      'only_if_certainly_not_done',
      fault('unavailable', { httpStatus: 408, certainlyNotDone: false }),
      1,
    ],
    ['a store answered with 503', 'only_if_certainly_not_done', fault('unavailable', { httpStatus: 503 }), 1],
    ['a store that timed out', 'only_if_certainly_not_done', fault('timeout', { certainlyNotDone: false }), 1],
  ])('%s', async (_what, repeatable, error, tries) => {
    const { run } = guard();
    let count = 0;
    const { outcome } = await run(repeatable, () => {
      count += 1;
      return Promise.reject(error);
    });
    expect(outcome).toBe(error);
    expect(count).toBe(tries);
  });

  it('answers with the first success', async () => {
    const { run } = guard();
    const answers = [Promise.reject(fault('unavailable')), Promise.resolve('key')];
    answers[0]?.catch(() => undefined);
    expect((await run('always', () => answers.shift() ?? Promise.reject(new Error('one try too many')))).outcome).toBe(
      'key',
    );
  });
});

describe('CallGuard: time', () => {
  it.each([
    [0, 0],
    [0.5, 50 + 100],
    [0.999, 99.9 + 199.8],
  ])('with chance %d pauses %d ms in all', async (chance, totalMs) => {
    const { timing, run } = guard();
    timing.chance = chance;
    const { tookMs } = await run('always', () => Promise.reject(fault('unavailable')));
    expect(tookMs).toBeCloseTo(totalMs);
  });

  it('honours Retry-After when it fits, and gives up at once when it does not', async () => {
    const { run } = guard();
    const limited = (retryAfterMs: number) => () => Promise.reject(fault('rate_limited', { retryAfterMs }));
    expect((await run('always', limited(2_000))).tookMs).toBe(4_000);
    expect((await run('always', limited(9_000))).tookMs).toBe(0);
  });

  it.each([
    [0, 1_000 + 1_000],
    [0.5, 1_050 + 1_100],
  ])('leaves a limiter that names no time alone for a second at least (chance %d)', async (chance, totalMs) => {
    const { timing, run } = guard();
    timing.chance = chance;
    const { tookMs } = await run('always', () => Promise.reject(fault('rate_limited', { certainlyNotDone: true })));
    expect(tookMs).toBeCloseTo(totalMs);
  });

  it('ends a hanging call within its total, trying again meanwhile', async () => {
    const { timing, run } = guard();
    timing.chance = 0;
    let tries = 0;
    const { outcome, tookMs } = await run('always', (signal) => {
      tries += 1;
      return hang(signal);
    });
    expect(outcome).toMatchObject({ fault: 'timeout', details: { certainlyNotDone: false } });
    expect(tookMs).toBe(8_000);
    expect(tries).toBe(3);
  });

  it('stops with the caller', async () => {
    const { timing, instance } = guard();
    const controller = new AbortController();
    const call = instance.run('always', controller, hang);
    call.catch(() => undefined);
    await timing.advance(10);
    controller.abort();
    await expect(call).rejects.toMatchObject({ fault: 'timeout' });
    expect(timing.pendingTimers).toBe(0);
  });
});

describe('CallGuard: a key manager in trouble', () => {
  it('answers within 8 s while it hangs, at once when the breaker is open, and serves within 10 s of recovery', async () => {
    const { timing, instance, run } = guard();
    await run('always', hang);
    await run('always', hang);
    const refused = await run('always', hang);
    expect(refused.outcome).toMatchObject({ fault: 'timeout' });
    const calls = [instance.run('always', {}, hang), instance.run('always', {}, hang)];
    for (const call of calls) call.catch(() => undefined);
    await timing.advance(3_000);
    await expect(instance.run('always', {}, hang)).rejects.toMatchObject({
      fault: 'overloaded',
      details: { certainlyNotDone: true },
      // What opened it is what there is to tell.
      cause: { fault: 'timeout' },
    });
    await timing.advance(5_000);
    await expect(instance.run('always', {}, () => Promise.resolve('key'))).resolves.toBe('key');
    await timing.advance(8_000);
  });

  it('counts an impatient caller as a failure only after a second without an answer', async () => {
    const { timing, instance } = guard();
    const leaveAfter = async (ms: number): Promise<void> => {
      const controller = new AbortController();
      const call = instance.run('always', controller, hang).catch(() => undefined);
      await timing.advance(ms);
      controller.abort();
      await call;
    };
    for (let index = 0; index < 10; index += 1) await leaveAfter(500);
    await expect(instance.run('always', {}, () => Promise.resolve('key'))).resolves.toBe('key');
    for (let index = 0; index < 5; index += 1) await leaveAfter(1_000);
    await expect(instance.run('always', {}, () => Promise.resolve('key'))).rejects.toMatchObject({
      fault: 'overloaded',
    });
  });

  it.each<[string, KeyManagerError]>([
    ['429', fault('rate_limited', { certainlyNotDone: true, retryAfterMs: 2_000 })],
    ['503', fault('unavailable', { httpStatus: 503 })],
  ])('sends at most 1.2 requests per call while everything is answered with %s for 60 s', async (_what, error) => {
    const { timing, instance } = guard();
    const calls = 600;
    let sent = 0;
    const pending: Promise<unknown>[] = [];
    for (let index = 0; index < calls; index += 1) {
      const call = instance.run('always', {}, () => {
        sent += 1;
        return Promise.reject(error);
      });
      pending.push(call.catch(() => undefined));
      await timing.advance(100);
    }
    await timing.advance(10_000);
    await Promise.all(pending);
    expect(sent / calls).toBeLessThanOrEqual(1.2);
    expect(sent).toBeGreaterThan(0);
  });

  it('is no sign of health when it cannot unwrap for a reason that may be its own', async () => {
    const { timing, instance } = guard({ maximumRetries: 0 });
    const doubtful = fault('ciphertext_rejected', { doubtful: true });
    for (const error of [fault('unavailable'), doubtful, fault('unavailable'), doubtful]) {
      await expect(instance.run('always', {}, () => Promise.reject(error))).rejects.toBe(error);
    }
    // Three more make five failures in a row, because none of the others counted as a success between them.
    for (let index = 0; index < 3; index += 1) {
      await expect(instance.run('always', {}, () => Promise.reject(fault('unavailable')))).rejects.toBeDefined();
    }
    const refused = instance.run('always', {}, () => Promise.resolve('key'));
    await expect(refused).rejects.toMatchObject({ fault: 'overloaded' });
    await timing.advance(0);
  });

  it('tells whom it cannot let in, or not in time, that nothing was sent', async () => {
    const { timing, instance } = guard({ concurrent: 1, waiting: 1 });
    const busy = instance.run('always', {}, hang).catch(() => undefined);
    const leaving = new AbortController();
    const late = instance.run('always', leaving, () => Promise.reject(new Error('must not run')));
    const work = () => Promise.reject(new Error('must not run'));
    await expect(instance.run('always', {}, work)).rejects.toMatchObject({
      fault: 'overloaded',
      message: 'too many calls to this key manager are already under way',
      details: { certainlyNotDone: true },
    });
    leaving.abort();
    await expect(late).rejects.toMatchObject({ fault: 'timeout', details: { certainlyNotDone: true } });
    await timing.advance(20_000);
    await busy;
  });

  it('treats a bug in the attempt as a bug', async () => {
    const { run } = guard();
    let tries = 0;
    const { outcome } = await run('always', () => {
      tries += 1;
      return Promise.reject(new TypeError('bug'));
    });
    expect(outcome).toBeInstanceOf(TypeError);
    expect(tries).toBe(1);
  });
});

describe('CallGuard: closed', () => {
  const CLOSED = { fault: 'overloaded', details: { closed: true, certainlyNotDone: true } };

  it('lets a try under way end, and tells who waits for a place or for a repetition at once', async () => {
    const { timing, instance } = guard({ concurrent: 2, waiting: 1 });
    let answer: (key: string) => void = () => undefined;
    const underWay = instance.run('always', {}, () => new Promise<string>((resolve) => (answer = resolve)));
    const limited = fault('rate_limited', { certainlyNotDone: true, retryAfterMs: 5_000 });
    const repeated = instance.run('only_if_certainly_not_done', {}, () => Promise.reject(limited));
    const waiting = instance.run('always', {}, () => Promise.reject(new Error('must not run')));
    for (const call of [repeated, waiting]) call.catch(() => undefined);
    await timing.advance(0);
    instance.close();
    await expect(waiting).rejects.toMatchObject(CLOSED);
    await expect(repeated).rejects.toMatchObject(CLOSED);
    answer('key');
    await expect(underWay).resolves.toBe('key');
  });

  it.each<[string, Repeatable, KeyManagerError, object]>([
    ['that it may be repeated elsewhere', 'always', fault('unavailable'), { closed: true, certainlyNotDone: false }],
    ['what became of it, where nobody knows', 'only_if_certainly_not_done', fault('timeout'), {}],
    ['what the key manager says of it', 'always', fault('root_key_disabled'), {}],
  ])('tells of a try under way that fails %s', async (_what, repeatable, error, details) => {
    const { instance } = guard({ maximumRetries: 0 });
    const failing = instance.run(repeatable, {}, () => {
      instance.close();
      return Promise.reject(error);
    });
    await expect(failing).rejects.toMatchObject({ details });
  });

  it('says so rather than that its breaker is open, which says nothing of the next', async () => {
    const { instance } = guard({ maximumRetries: 0 });
    for (let tries = 0; tries < 5; tries += 1) {
      await expect(instance.run('always', {}, () => Promise.reject(fault('unavailable')))).rejects.toBeDefined();
    }
    instance.close();
    await expect(instance.run('always', {}, () => Promise.resolve('key'))).rejects.toMatchObject(CLOSED);
  });
});
