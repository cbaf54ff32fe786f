import { newCorrelationId, Secret, toInstanceId } from '@lib/kernel';
import { type KeyManager, KeyManagerError } from '@lib/key-manager';
import { describeKeyManagerContract, FakeKeyProtect, type FakeRole, keyProtectError, ManualTiming } from '@lib/testing';
import { randomUUID } from 'node:crypto';

import { EndpointGuard } from './endpoint-guard';
import { KeyManagerRegistry } from './key-manager-registry';
import { ExchangeError, type HttpExchange } from './rest/http-exchange';

const context = () => ({ correlationId: newCorrelationId() });
const AAD = ['instance', 'identifier'];
const PAYLOAD = Buffer.from('envelope');

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

/** Tokens are named after the role; `tokens` overrides the sequence that IAM hands out. */
function bind(service: FakeKeyProtect, rootKeyId: string, role: FakeRole, tokens: string[] = []): Bound {
  service.grant(role, role);
  const timing = new ManualTiming();
  timing.chance = 0;
  let tokenRequests = 0;
  const registry = new KeyManagerRegistry({
    iamUrl: 'http://iam.invalid',
    endpoints: new EndpointGuard({ templates: ['https://{region}.kms.cloud.ibm.com'], regions: ['us-south'] }),
    timing,
    requestToken: () => {
      tokenRequests += 1;
      return Promise.resolve({ accessToken: tokens.shift() ?? role, lifetimeMs: 3_600_000 });
    },
    openExchange: () => exchangeTo(service),
  });
  const keyManager = registry.for({
    instanceId: toInstanceId(randomUUID()),
    bindingId: 'b1',
    version: '1',
    baseUrl: 'https://us-south.kms.cloud.ibm.com',
    keyManagerGuid: service.instanceGuid,
    rootKeyId,
    keyRing: 'vmware',
    openApiKey: () => Secret.fromText('api-key'),
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
  return {
    keyManager: bind(service, rootKey.id, 'manager').keyManager,
    asWriter: bind(service, rootKey.id, 'writer').keyManager,
    asReader: bind(service, rootKey.id, 'reader').keyManager,
    withOtherRootKey: bind(service, service.addRootKey().id, 'manager').keyManager,
    withUnknownRootKey: bind(service, randomUUID(), 'manager').keyManager,
    rotateRootKey: act(() => rootKey.rotate()),
    disableRootKey: act(() => (rootKey.state = 'suspended')),
    enableRootKey: act(() => (rootKey.state = 'active')),
    expireRootKey: act(() => (rootKey.state = 'deactivated')),
    deleteRootKey: act(() => (rootKey.state = 'destroyed')),
    deleteStoredKey: (id) => act(() => service.deleteStandardKey(id))(),
    close: () => Promise.resolve(),
  };
});

function setUp(role: FakeRole = 'manager', tokens: string[] = []) {
  const service = new FakeKeyProtect();
  const rootKey = service.addRootKey();
  return { service, rootKey, ...bind(service, rootKey.id, role, tokens) };
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
    await expect(keyManager.deleteKey(context(), id)).rejects.toMatchObject({ fault: 'refused' });
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
  ])('about %s', async (_what, fields, fault) => {
    const { service, keyManager } = setUp();
    const id = randomUUID();
    service.answerNext({ status: 200, body: { resources: [{ id, name: 'n', ...fields }] } });
    await expect(keyManager.fetchKey(context(), id)).rejects.toMatchObject({ fault });
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
