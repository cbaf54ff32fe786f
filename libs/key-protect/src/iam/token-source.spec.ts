import { Secret } from '@lib/kernel';
import { KeyManagerError } from '@lib/key-manager';
import { ManualTiming } from '@lib/testing';

import { TokenSource } from './token-source';

const LIFETIME_MS = 3_600_000;
const never = new AbortController().signal;
const rejected = new KeyManagerError('credential_rejected', 'IAM does not accept the API key (BXNIM0415E)');

function source(lifetimeMs = LIFETIME_MS) {
  const timing = new ManualTiming();
  const state = { requests: 0, failure: undefined as KeyManagerError | undefined, opened: [] as Secret[] };
  let held: Promise<void> = Promise.resolve();
  /** Requests wait until the returned function is called. */
  const holdRequests = (): (() => void) => {
    let release = (): void => undefined;
    held = new Promise((resolve) => (release = resolve));
    return release;
  };
  const instance = new TokenSource(
    timing,
    () => {
      const secret = Secret.fromText('api-key');
      state.opened.push(secret);
      return secret;
    },
    async (apiKey) => {
      expect(apiKey.exposeText()).toBe('api-key');
      state.requests += 1;
      const accessToken = `token-${state.requests}`;
      await held;
      if (state.failure !== undefined) throw state.failure;
      return { accessToken, lifetimeMs };
    },
  );
  return { timing, state, instance, holdRequests };
}

describe('TokenSource', () => {
  it('makes one request for fifty concurrent callers', async () => {
    const { instance, state, holdRequests } = source();
    const release = holdRequests();
    const callers = Array.from({ length: 50 }, () => instance.get(new AbortController().signal));
    release();
    expect(new Set(await Promise.all(callers))).toEqual(new Set(['token-1']));
    expect(state.requests).toBe(1);
  });

  it.each([
    [0, 'token-1', 1],
    [LIFETIME_MS * 0.8 - 1, 'token-1', 1],
    // Renewed in the background: this caller still gets the old one.
    [LIFETIME_MS * 0.8, 'token-1', 2],
    [LIFETIME_MS - 60_001, 'token-1', 2],
    [LIFETIME_MS - 60_000, 'token-2', 2],
  ])('after %i ms serves %s', async (afterMs, token, requests) => {
    const { instance, state, timing } = source();
    await instance.get(never);
    await timing.advance(afterMs);
    expect(await instance.get(never)).toBe(token);
    await timing.advance(0);
    expect(state.requests).toBe(requests);
  });

  it('does not care about the wall clock', async () => {
    const { instance, state, timing } = source();
    await instance.get(never);
    for (const jump of [3_600_000, -7_200_000]) {
      timing.jumpWallClock(jump);
      expect(await instance.get(never)).toBe('token-1');
    }
    expect(state.requests).toBe(1);
  });

  it('serves a token whose lifetime is below the margin for half of it', async () => {
    const { instance, state, timing } = source(30_000);
    await instance.get(never);
    await timing.advance(14_999);
    await instance.get(never);
    expect(state.requests).toBe(1);
    await timing.advance(1);
    expect(await instance.get(never)).toBe('token-2');
  });

  it('serves the old token on while a renewal fails, and tries again at most every 30 s', async () => {
    const { instance, state, timing } = source();
    await instance.get(never);
    await timing.advance(LIFETIME_MS * 0.8);
    state.failure = new KeyManagerError('unavailable', 'IAM is down');
    for (let second = 0; second < 60; second += 1) {
      expect(await instance.get(never)).toBe('token-1');
      await timing.advance(1_000);
    }
    expect(state.requests).toBe(3);
  });

  it('asks IAM at most once in 30 s about a key it rejects, and recovers', async () => {
    const { instance, state, timing } = source();
    state.failure = rejected;
    for (let second = 0; second < 30; second += 1) {
      await expect(instance.get(never)).rejects.toBe(rejected);
      await timing.advance(1_000);
    }
    expect(state.requests).toBe(1);
    state.failure = undefined;
    expect(await instance.get(never)).toBe('token-2');
  });

  it('gives up a token that still lives when IAM rejects the key at its renewal', async () => {
    const { instance, state, timing } = source();
    await instance.get(never);
    await timing.advance(LIFETIME_MS * 0.8);
    state.failure = rejected;
    await instance.get(never);
    await timing.advance(0);
    await expect(instance.get(never)).rejects.toBe(rejected);
  });

  it('keeps a token that still lives when the renewal is refused for a reason that condemns no key', async () => {
    const { instance, state, timing } = source();
    await instance.get(never);
    await timing.advance(LIFETIME_MS * 0.8);
    state.failure = new KeyManagerError('unavailable', 'no token (HTTP 401 BXNIM9999E)', { httpStatus: 401 });
    await instance.get(never);
    await timing.advance(0);
    expect(await instance.get(never)).toBe('token-1');
    expect(state.requests).toBe(2);
  });

  it('does not remember a transient failure', async () => {
    const { instance, state } = source();
    state.failure = new KeyManagerError('unavailable', 'IAM is down');
    await expect(instance.get(never)).rejects.toMatchObject({ fault: 'unavailable' });
    state.failure = undefined;
    expect(await instance.get(never)).toBe('token-2');
  });

  it('wipes the API key after each request, failed ones too', async () => {
    const { instance, state } = source();
    state.failure = rejected;
    await expect(instance.get(never)).rejects.toBe(rejected);
    expect(state.opened).toHaveLength(1);
    expect(() => state.opened[0]?.expose()).toThrow('wiped');
  });

  it('reports an API key that cannot be opened without its text', async () => {
    const broken = new TokenSource(
      new ManualTiming(),
      () => Promise.reject(new Error('no such key version')),
      () => Promise.reject(new Error('must not be asked')),
    );
    await expect(broken.get(never)).rejects.toMatchObject({ name: 'KeyManagerError', fault: 'unavailable' });
  });

  it('lets one caller leave while the request goes on for the others', async () => {
    const { instance, state, holdRequests } = source();
    const release = holdRequests();
    const controller = new AbortController();
    const leaving = instance.get(controller.signal);
    const staying = instance.get(never);
    controller.abort();
    await expect(leaving).rejects.toMatchObject({ fault: 'timeout', details: { certainlyNotDone: true } });
    release();
    expect(await staying).toBe('token-1');
    expect(state.requests).toBe(1);
  });

  it('drops a refused token once in 30 s, for all who had it', async () => {
    const { instance, state, timing } = source();
    const token = await instance.get(never);
    expect(instance.drop(token)).toBe(true);
    expect(instance.drop(token)).toBe(true);
    const fresh = await instance.get(never);
    expect(instance.drop(token)).toBe(true);
    expect(instance.drop(fresh)).toBe(false);
    expect(state.requests).toBe(2);
    await timing.advance(30_000);
    expect(instance.drop(fresh)).toBe(true);
  });

  describe('using a token that may be revoked', () => {
    const refused = new Error('401');
    const using = (
      { instance }: ReturnType<typeof source>,
      accepts: (token: string) => boolean,
    ): Promise<string | undefined> =>
      instance
        .use(
          never,
          (token) => (accepts(token) ? Promise.resolve(token) : Promise.reject(refused)),
          (error) => error === refused,
        )
        .catch(() => undefined);

    it('renews it at each revocation, however soon the next one comes', async () => {
      const given = source();
      const revoked = new Set<string>();
      for (const token of ['token-1', 'token-2', 'token-3', 'token-4']) {
        expect(await using(given, (sent) => !revoked.has(sent))).toBe(token);
        revoked.add(token);
      }
    });

    it('asks for one other token in 30 s where a role is missing', async () => {
      const given = source();
      for (let call = 0; call < 20; call += 1) expect(await using(given, () => false)).toBeUndefined();
      expect(given.state.requests).toBe(2);
    });

    it('asks for a few in 30 s where a role is missing for some calls only', async () => {
      const given = source();
      for (let call = 0; call < 20; call += 1) {
        expect(await using(given, () => true)).toBeDefined();
        expect(await using(given, () => false)).toBeUndefined();
      }
      expect(given.state.requests).toBe(6);
      await given.timing.advance(30_000);
      expect(await using(given, () => false)).toBeUndefined();
      expect(given.state.requests).toBe(7);
    });
  });

  it('gives nothing once closed, not even what was under way', async () => {
    const { instance, holdRequests } = source();
    const release = holdRequests();
    const underWay = instance.get(never);
    instance.close();
    release();
    await expect(underWay).rejects.toMatchObject({ fault: 'overloaded' });
    await expect(instance.get(never)).rejects.toMatchObject({ fault: 'overloaded' });
  });
});
