import { newCorrelationId, Secret, toInstanceId } from '@lib/kernel';
import {
  type CallLimits,
  DEFAULT_CALL_LIMITS,
  EndpointGuard,
  type KeyManager,
  KeyManagerError,
} from '@lib/key-manager';
import { type Timing } from '@lib/resilience';
import {
  deletable,
  describeKeyManagerContract,
  FakeKeyProtect,
  type FakeResponse,
  type FakeRole,
  keyProtectError,
  ManualTiming,
} from '@lib/testing';
import { randomUUID } from 'node:crypto';

import { connectKeyProtect, type KeyProtectSettings } from './connection';
import { ExchangeError, type HttpExchange } from './rest/http-exchange';

const context = () => ({ correlationId: newCorrelationId() });
const AAD = ['instance', 'identifier'];
const PAYLOAD = Buffer.from('envelope');
const ID = randomUUID();

/** The fake service behind the HTTP seam: everything of the adapter but the sockets. */
function exchangeTo(service: FakeKeyProtect): HttpExchange {
  return {
    send: ({ method, path, headers, body }, signal) => {
      if (signal.aborted) return Promise.reject(new ExchangeError('aborted', false));
      const answer = service.handle({
        method,
        path,
        headers,
        ...(body === undefined ? {} : { body: Buffer.from(body) }),
      });
      const text = typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body ?? '');
      return Promise.resolve({
        status: answer.status,
        header: (name: string) => answer.headers?.[name],
        body: Buffer.from(text),
      });
    },
    close: () => Promise.resolve(),
  };
}

interface Bound {
  readonly keyManager: KeyManager;
  readonly timing: ManualTiming;
  readonly tokenRequests: () => number;
}

/** Pauses before a repetition are over at once; deadlines keep to the manual clock. */
function withoutPauses(timing: ManualTiming): Timing {
  return {
    clock: timing.clock,
    random: () => 0,
    after: (delayMs, run) => {
      if (delayMs > 0) return timing.after(delayMs, run);
      const immediate = setImmediate(run);
      return () => clearImmediate(immediate);
    },
  };
}

/** Tokens are named after the role; `tokens` overrides the sequence that IAM hands out. */
function bind(
  service: FakeKeyProtect,
  rootKeyId: string,
  role: FakeRole,
  tokens: string[] = [],
  { adapt = (timing: ManualTiming): Timing => timing, limits = DEFAULT_CALL_LIMITS } = {},
): Bound {
  service.grant(role, role);
  const timing = new ManualTiming();
  timing.chance = 0;
  let tokenRequests = 0;
  const settings: KeyProtectSettings = {
    iamUrl: 'http://iam.invalid',
    endpoints: new EndpointGuard({ templates: ['https://{region}.kms.cloud.ibm.com'], regions: ['us-south'] }),
    limits,
    timing: adapt(timing),
    requestToken: () => {
      tokenRequests += 1;
      return Promise.resolve({ accessToken: tokens.shift() ?? role, lifetimeMs: 3_600_000 });
    },
    openExchange: () => exchangeTo(service),
  };
  const { keyManager } = connectKeyProtect(settings, {
    instanceId: toInstanceId(randomUUID()),
    baseUrl: 'https://us-south.kms.cloud.ibm.com',
    keyManager: service.crn,
    rootKeyId,
    keyRing: 'vmware',
    openCredential: () => Secret.fromText('api-key'),
  });
  return { keyManager, timing, tokenRequests: () => tokenRequests };
}

describeKeyManagerContract('KeyProtectKeyManager', () => {
  const service = new FakeKeyProtect();
  const rootKey = service.addRootKey();
  const act = (change: () => void) => () => {
    change();
    return Promise.resolve();
  };
  const of = (role: FakeRole, rootKeyId = rootKey.id): KeyManager =>
    bind(service, rootKeyId, role, [], { adapt: withoutPauses }).keyManager;
  return {
    keyManager: of('manager'),
    asWriter: of('writer'),
    asReader: of('reader'),
    withOtherRootKey: of('manager', service.addRootKey().id),
    withUnknownRootKey: of('manager', randomUUID()),
    rotateRootKey: act(() => rootKey.rotate()),
    disableRootKey: act(() => (rootKey.state = 'suspended')),
    enableRootKey: act(() => (rootKey.state = 'active')),
    expireRootKey: act(() => (rootKey.state = 'deactivated')),
    deleteRootKey: act(() => (rootKey.state = 'destroyed')),
    deleteStoredKey: (id) => act(() => service.deleteStandardKey(id))(),
    purging: { asPurger: of('purger'), pass: (milliseconds) => void (service.nowMs += milliseconds) },
    close: () => Promise.resolve(),
  };
});

function setUp(role: FakeRole = 'manager', tokens: string[] = []) {
  const service = new FakeKeyProtect();
  const rootKey = service.addRootKey();
  return { service, rootKey, ...bind(service, rootKey.id, role, tokens) };
}

/** Repeats at once. */
function impatient(limits: Partial<CallLimits> = {}) {
  const service = new FakeKeyProtect();
  const rootKey = service.addRootKey();
  const options = { adapt: withoutPauses, limits: { ...DEFAULT_CALL_LIMITS, ...limits } };
  return { service, ...bind(service, rootKey.id, 'manager', [], options) };
}

describe('requests', () => {
  it('carry the token, the instance and our correlation id; the ring only where a key is stored', async () => {
    const { service, rootKey, keyManager } = setUp();
    const correlationId = newCorrelationId();
    await keyManager.wrap({ correlationId }, AAD);
    await keyManager.storeKey({ correlationId }, 'name', PAYLOAD);
    const [wrap, store] = service.requests;
    expect(wrap).toMatchObject({ method: 'POST', path: `/api/v2/keys/${rootKey.id}/actions/wrap` });
    for (const request of service.requests) {
      expect(request.headers).toMatchObject({
        authorization: 'Bearer manager',
        'bluemix-instance': service.instanceGuid,
        'correlation-id': correlationId,
      });
    }
    expect(wrap?.headers['x-kms-key-ring']).toBeUndefined();
    expect(store?.headers['x-kms-key-ring']).toBe('vmware');
    expect(JSON.parse(String(store?.body))).toEqual({
      metadata: { collectionType: 'application/vnd.ibm.kms.key+json', collectionTotal: 1 },
      resources: [
        {
          type: 'application/vnd.ibm.kms.key+json',
          name: 'name',
          extractable: true,
          payload: PAYLOAD.toString('base64'),
        },
      ],
    });
  });

  it.each(['../instance/policies', 'alias', 'a/../b', '', 'ID?x=1'])('never put %j into a path', async (id) => {
    const { service, keyManager } = setUp();
    await expect(keyManager.fetchKey(context(), id)).rejects.toMatchObject({ fault: 'refused' });
    await expect(keyManager.deleteKey(context(), deletable(id))).rejects.toMatchObject({ fault: 'refused' });
    expect(service.requests).toHaveLength(0);
  });
});

describe('tokens', () => {
  it('that died are replaced once, and the call goes on', async () => {
    const { keyManager, tokenRequests } = setUp('manager', ['dead']);
    await expect(keyManager.storeKey(context(), 'name', PAYLOAD)).resolves.toMatchObject({ name: 'name' });
    expect(tokenRequests()).toBe(2);
  });

  it('are not asked for again and again when only a role is missing', async () => {
    const { service, keyManager, tokenRequests } = setUp('reader');
    for (let index = 0; index < 20; index += 1) {
      await expect(keyManager.storeKey(context(), 'name', PAYLOAD)).rejects.toMatchObject({
        fault: 'permission_denied',
        message: expect.stringContaining('needs Writer') as string,
      });
    }
    expect(tokenRequests()).toBe(2);
    expect(service.requests).toHaveLength(21);
  });

  it('of another tenant are never used: a foreign instance is refused as such', async () => {
    const victim = setUp();
    const intruder = bind(victim.service, victim.rootKey.id, 'manager', ['intruder', 'intruder']);
    await expect(intruder.keyManager.wrap(context(), AAD)).rejects.toMatchObject({ fault: 'permission_denied' });
    expect(victim.service.requests.map(({ headers }) => headers['authorization'])).toEqual([
      'Bearer intruder',
      'Bearer intruder',
    ]);
  });
});

describe('storing a key', () => {
  it('is repeated after a refusal by a limit, which stored nothing', async () => {
    const { service, keyManager, timing } = setUp();
    service.answerNext({ status: 429, headers: { 'retry-after': '2' } });
    const storing = keyManager.storeKey(context(), 'name', PAYLOAD);
    await timing.advance(1_999);
    expect(service.standardKeyNames()).toEqual([]);
    await timing.advance(1);
    await storing;
    expect(service.standardKeyNames()).toEqual(['name']);
  });

  it('asks for the whole key in the answer', async () => {
    const { service, keyManager } = setUp();
    await keyManager.storeKey(context(), 'name', PAYLOAD);
    expect(service.requests[0]?.headers['prefer']).toBe('return=representation');
  });

  it('is content with an answer that holds the id alone, and looks the rest up', async () => {
    const { service, keyManager } = setUp();
    service.shortAnswers = true;
    const stored = await keyManager.storeKey(context(), 'name', PAYLOAD);
    expect(stored).toMatchObject({ name: 'name', createdAt: new Date(0) });
    expect((await keyManager.fetchKey(context(), stored.id)).equals(PAYLOAD)).toBe(true);
    expect(service.requests[1]?.path).toBe(`/api/v2/keys/${stored.id}/metadata`);
  });

  it.each<[string, FakeResponse]>([
    ['not there yet', keyProtectError(404, 'KEY_NOT_FOUND_ERR')],
    ['not to be had', { status: 503 }],
  ])('counts as done when after an answer with the id alone the metadata are %s', async (_what, answer) => {
    const { service, keyManager, timing } = setUp();
    service.answerNext({ status: 201, body: { resources: [{ id: ID }] } }, answer);
    const now = timing.clock.now();
    await expect(keyManager.storeKey(context(), 'name', PAYLOAD)).resolves.toEqual({
      id: ID,
      name: 'name',
      createdAt: now,
    });
  });

  it.each<[string, unknown]>([
    ['nothing', { resources: [] }],
    ['no id', { resources: [{ name: 'name' }] }],
    ['no UUID', { resources: [{ id: '../x' }] }],
    ['two keys', { resources: [{ id: ID }, { id: randomUUID() }] }],
  ])('is unknown after an answer with %s', async (_what, body) => {
    const { service, keyManager } = setUp();
    service.answerNext({ status: 201, body });
    await expect(keyManager.storeKey(context(), 'name', PAYLOAD)).rejects.toMatchObject({
      fault: 'unavailable',
      details: { certainlyNotDone: false },
    });
  });

  it.each([400, 401, 403, 404, 408, 409, 413, 499])(
    'is neither repeated nor called refused after a %i that is not the key manager’s',
    async (status) => {
      const { service, keyManager } = setUp();
      service.answerNext({ status, body: '<html>gateway</html>' });
      await expect(keyManager.storeKey(context(), 'name', PAYLOAD)).rejects.toMatchObject({
        fault: 'unavailable',
        details: { certainlyNotDone: false, httpStatus: status },
      });
      expect(service.requests).toHaveLength(1);
    },
  );

  it.each([500, 502, 503, 504])('is not repeated after %i, and says that nobody knows', async (status) => {
    const { service, keyManager } = setUp();
    service.answerNext({ status });
    await expect(keyManager.storeKey(context(), 'name', PAYLOAD)).rejects.toMatchObject({
      fault: 'unavailable',
      details: { certainlyNotDone: false },
    });
    expect(service.requests).toHaveLength(1);
  });

  it('believes no answer that names another key', async () => {
    const { service, keyManager } = setUp();
    const key = { id: randomUUID(), name: 'other', state: 1, extractable: true };
    service.answerNext({ status: 201, body: { resources: [key] } });
    await expect(keyManager.storeKey(context(), 'name', PAYLOAD)).rejects.toMatchObject({
      fault: 'unavailable',
      details: { certainlyNotDone: false },
    });
  });
});

describe('answers', () => {
  it.each<[string, unknown]>([
    ['no JSON', '<html>'],
    ['empty', ''],
    ['cut off', '{"plaintext":"AAAA","keyVersion"'],
    ['without the plaintext', { keyVersion: { id: 'v' } }],
    ['of another type', { plaintext: 7, keyVersion: { id: 'v' } }],
    ['null', 'null'],
  ])('that are %s are unavailable, and their text goes nowhere', async (_what, body) => {
    const { service, keyManager } = setUp();
    service.answerNext({ status: 200, body });
    const error: unknown = await keyManager.unwrap(context(), AAD, 'ciphertext').catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(KeyManagerError);
    expect(error).toMatchObject({ fault: 'unavailable', details: { httpStatus: 200, certainlyNotDone: false } });
    expect(error).not.toHaveProperty('cause', expect.anything());
  });

  it('for another stored key are not taken for ours', async () => {
    const { service, keyManager } = setUp();
    const { id } = await keyManager.storeKey(context(), 'name', PAYLOAD);
    const foreign = { id: randomUUID(), name: 'x', state: 1, extractable: true, payload: 'eA==' };
    service.answerNext({ status: 200, body: { resources: [foreign] } });
    await expect(keyManager.fetchKey(context(), id)).rejects.toMatchObject({ fault: 'unavailable' });
  });

  it.each<[string, Record<string, unknown>, string]>([
    ['a destroyed key without payload', { state: 5, extractable: true }, 'stored_key_missing'],
    ['a destroyed key that still shows one', { state: 5, extractable: true, payload: 'eA==' }, 'stored_key_missing'],
    ['a root key', { state: 1, extractable: false }, 'refused'],
  ])('about %s are believed', async (_what, fields, fault) => {
    const { service, keyManager } = setUp();
    const id = randomUUID();
    service.answerNext({ status: 200, body: { resources: [{ id, name: 'n', ...fields }] } });
    await expect(keyManager.fetchKey(context(), id)).rejects.toMatchObject({ fault });
  });
});

describe('a stored key that is not given out', () => {
  const notFound = keyProtectError(404, 'KEY_NOT_FOUND_ERR');
  const gone = keyProtectError(410, 'KEY_DELETED_ERR');
  const nowhere: FakeResponse = { status: 200, body: { metadata: {} } };
  const shown = (state: number): FakeResponse => ({
    status: 200,
    body: { resources: [{ id: ID, name: 'n', state, extractable: true }] },
  });
  const deleted = (restoreExpirationDate: string): FakeResponse => ({
    status: 200,
    body: { resources: [{ id: ID, state: 5, restoreExpirationDate }] },
  });
  const tooBroad = keyProtectError(400, 'KEY_SEARCH_TOO_BROAD');
  const outage: FakeResponse = { status: 503 };
  const forbidden = keyProtectError(401);

  /** The manual clock stands at 2026-01-01T00:00:00Z. */
  const NOW = new Date('2025-12-31T23:00:00Z');
  const OLD = new Date('2025-12-31T13:59:59Z');
  /** When nothing that was deleted until now can be restored any more. */
  const LATEST = new Date('2026-01-31T00:00:00Z');

  it('because its material lags behind is fetched again, and said to be absent when it still lags', async () => {
    const { service, keyManager } = impatient();
    const { id } = await keyManager.storeKey(context(), 'name', PAYLOAD);
    const active = { id, name: 'name', state: 1, extractable: true };
    const lagging: FakeResponse = { status: 200, body: { resources: [active] } };
    service.answerNext(lagging, lagging);
    expect((await keyManager.fetchKey(context(), id)).equals(PAYLOAD)).toBe(true);
    service.answerNext(lagging, lagging, lagging);
    await expect(keyManager.fetchKey(context(), id)).rejects.toMatchObject({
      fault: 'stored_key_absent',
      transient: true,
      details: { certainlyNotDone: false },
    });
  });

  it.each<[string, FakeResponse, Date]>([
    ['by its own word', deleted('2026-01-11T12:00:00Z'), new Date('2026-01-11T12:00:00Z')],
    ['at the latest, without a word', { status: 204 }, LATEST],
    ['at the latest, by a word that is no date', deleted('soon'), LATEST],
    ['at the latest, by a page', { status: 200, body: ['page'] }, LATEST],
  ])('because it was deleted can be restored: %s', async (_what, answer, until) => {
    const { service, keyManager } = impatient({ maximumRetries: 0 });
    service.answerNext(answer);
    await expect(keyManager.deleteKey(context(), deletable(ID))).resolves.toEqual(until);
    expect(service.requests[0]?.headers).toMatchObject({ prefer: 'return=representation' });
  });

  it.each<[string, object, Date]>([
    ['by its end', { restoreExpirationDate: '2026-01-11T12:00:00Z' }, new Date('2026-01-11T12:00:00Z')],
    ['by its beginning', { deletionDate: '2025-12-20T00:00:00Z' }, new Date('2026-01-19T00:00:00Z')],
    ['at the latest, of a key that is shown as active', { state: 1, deletionDate: '2025-12-20T00:00:00Z' }, LATEST],
    ['at the latest, without a date', {}, LATEST],
  ])(
    'because it was deleted without a word is looked at for the date of the service: %s',
    async (_what, dates, until) => {
      const { service, keyManager } = impatient({ maximumRetries: 0 });
      const resource = { id: ID, name: 'n', state: 5, extractable: true, ...dates };
      service.answerNext({ status: 204 }, { status: 200, body: { resources: [resource] } });
      await expect(keyManager.deleteKey(context(), deletable(ID))).resolves.toEqual(until);
    },
  );

  it('because it lags does not open the breaker', async () => {
    const { service, keyManager } = impatient({ maximumRetries: 0 });
    const lagging: FakeResponse = { status: 200, body: { resources: [{ id: ID, state: 1, extractable: true }] } };
    for (let index = 0; index < 8; index += 1) {
      service.answerNext(lagging);
      await expect(keyManager.fetchKey(context(), ID)).rejects.toMatchObject({ fault: 'stored_key_absent' });
    }
    await expect(keyManager.wrap(context(), AAD)).resolves.toBeDefined();
  });

  it.each<[string, FakeResponse[], Date | undefined, string]>([
    ['is young and nowhere', [notFound, notFound, nowhere], NOW, 'stored_key_absent'],
    ['is shown as destroyed', [notFound, shown(5)], NOW, 'stored_key_missing'],
    ['is listed as destroyed', [notFound, notFound, shown(5)], NOW, 'stored_key_missing'],
    ['was deleted and is nowhere', [gone, gone, nowhere], NOW, 'stored_key_missing'],
    ['is old and nowhere', [notFound, notFound, nowhere], OLD, 'stored_key_missing'],
    ['is of unknown age and nowhere', [notFound, notFound, nowhere], undefined, 'stored_key_missing'],
    ['is nowhere in a large instance', [notFound, notFound, tooBroad], OLD, 'stored_key_missing'],
    ['is not known, and lists are forbidden', [notFound, notFound, forbidden, forbidden], OLD, 'stored_key_missing'],
    ['is shown as active', [notFound, shown(1)], OLD, 'stored_key_absent'],
    ['was deleted and is shown as active', [gone, shown(1)], OLD, 'stored_key_absent'],
    ['is listed as active', [notFound, notFound, shown(1)], OLD, 'stored_key_absent'],
    ['cannot be looked at', [notFound, outage], OLD, 'unavailable'],
    ['cannot be listed', [notFound, notFound, outage], OLD, 'unavailable'],
  ])('and %s', async (_what, answers, storedAt, fault) => {
    for (const call of ['fetchKey', 'deleteKey'] as const) {
      const { service, keyManager } = impatient({ maximumRetries: 0 });
      service.answerNext(...answers);
      const outcome = keyManager[call](context(), deletable(ID), storedAt);
      if (call === 'deleteKey' && fault === 'stored_key_missing') await expect(outcome).resolves.toEqual(LATEST);
      else await expect(outcome).rejects.toMatchObject({ fault });
      expect(service.requests).toHaveLength(answers.length);
    }
  });
});

describe('a root key whose state forbids the action', () => {
  it('is looked at once for many refusals', async () => {
    const { service, rootKey, keyManager, timing } = setUp();
    const { ciphertext } = await keyManager.wrap(context(), AAD);
    rootKey.state = 'suspended';
    const gets = Array.from({ length: 10 }, () => keyManager.unwrap(context(), AAD, ciphertext));
    for (const { status } of await Promise.allSettled(gets)) expect(status).toBe('rejected');
    const looks = () => service.requests.filter(({ path }) => path.endsWith('/metadata')).length;
    expect(looks()).toBe(1);
    await timing.advance(2_000);
    rootKey.state = 'deactivated';
    await expect(keyManager.wrap(context(), AAD)).rejects.toMatchObject({ fault: 'root_key_expired' });
    expect(looks()).toBe(2);
  });

  it('stays refused when the metadata cannot be read', async () => {
    const { service, rootKey, keyManager } = setUp();
    rootKey.state = 'suspended';
    service.answerNext(keyProtectError(409, 'KEY_ACTION_INVALID_STATE_ERR'), { status: 500 });
    await expect(keyManager.wrap(context(), AAD)).rejects.toMatchObject({
      fault: 'root_key_disabled',
      details: { reasonCode: 'KEY_ACTION_INVALID_STATE_ERR', httpStatus: 409 },
    });
  });
});

describe('names', () => {
  it('are found in an instance too large to search', async () => {
    const { service, keyManager } = setUp();
    service.maximumSearch = 1_000;
    for (let index = 0; index < 2_100; index += 1) await keyManager.storeKey(context(), `filler-${index}`, PAYLOAD);
    const wanted = await keyManager.storeKey(context(), 'wanted', PAYLOAD);
    expect((await keyManager.findKeysByName(context(), 'wanted')).map(({ id }) => id)).toEqual([wanted.id]);
  });

  it('are each listed once although keys vanish between two pages', async () => {
    const { service, keyManager } = setUp();
    const ids: string[] = [];
    for (let index = 0; index < 1_500; index += 1) {
      ids.push((await keyManager.storeKey(context(), `k-${index}`, PAYLOAD)).id);
    }
    const seen: string[] = [];
    for await (const { id } of keyManager.listKeys(context(), 'k-')) {
      if (seen.length === 500) for (const gone of ids.slice(0, 20)) service.deleteStandardKey(gone);
      seen.push(id);
    }
    expect(new Set(seen).size).toBe(seen.length);
    expect(new Set(seen)).toEqual(new Set(ids));
  });
});
