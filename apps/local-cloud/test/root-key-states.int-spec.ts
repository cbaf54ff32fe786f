import { randomBytes } from 'node:crypto';
import { firstResource, KmsClient, reasonOf, resourcesOf, TestCloud, type Answer, type Tenant } from './test-cloud';

const HOUR = 3600;
const DAY = 24 * HOUR;

let cloud: TestCloud;
let tenant: Tenant;
let manager: KmsClient;

beforeAll(async () => {
  cloud = await TestCloud.start();
  tenant = await cloud.seed();
  manager = new KmsClient(tenant, await cloud.userWith(tenant, ['Manager', 'KeyPurge']));
});
afterAll(() => cloud.close());

interface Sealed {
  readonly id: string;
  readonly ciphertext: string;
  readonly plaintext: string;
}

const AAD = ['instance', 'key'];
const act = (id: string, action: string, body?: object): Promise<Answer> =>
  manager.call('POST', `/keys/${id}/actions/${action}`, body);

async function sealed(resource: object = {}): Promise<Sealed> {
  const id = await manager.create({ name: 'root', extractable: false, ...resource });
  const { body } = await act(id, 'wrap', { aad: AAD });
  return { id, ...(body as { ciphertext: string; plaintext: string }) };
}

const outcome = (answer: Answer): string => (answer.status < 300 ? 'ok' : `${answer.status} ${reasonOf(answer) ?? ''}`);

describe('root key state x action', () => {
  const inState: Record<string, () => Promise<Sealed>> = {
    active: () => sealed(),
    disabled: async () => {
      const key = await sealed();
      await act(key.id, 'disable');
      return key;
    },
    expired: async () => {
      const key = await sealed({ expirationDate: new Date(cloud.cloud.clock.now().getTime() + 60_000).toISOString() });
      await cloud.advance(61);
      return key;
    },
    deleted: async () => {
      const key = await sealed();
      await manager.call('DELETE', `/keys/${key.id}`);
      return key;
    },
    purged: async () => {
      const key = await sealed();
      await manager.call('DELETE', `/keys/${key.id}`);
      await cloud.advance(4 * HOUR);
      expect((await manager.call('DELETE', `/keys/${key.id}/purge`)).status).toBe(204);
      return key;
    },
  };
  const conflict = '409 KEY_ACTION_INVALID_STATE_ERR';
  const gone = '410 KEY_DELETED_ERR';
  const missing = '404 KEY_NOT_FOUND_ERR';

  it.each`
    state         | wrap        | unwrap      | rewrap      | rotate      | versions    | disable     | enable                     | destroy
    ${'active'}   | ${'ok'}     | ${'ok'}     | ${'ok'}     | ${'ok'}     | ${'ok'}     | ${'ok'}     | ${'409 REQ_TOO_EARLY_ERR'} | ${'ok'}
    ${'disabled'} | ${conflict} | ${conflict} | ${conflict} | ${conflict} | ${conflict} | ${conflict} | ${'409 REQ_TOO_EARLY_ERR'} | ${'ok'}
    ${'expired'}  | ${conflict} | ${'ok'}     | ${'ok'}     | ${'ok'}     | ${conflict} | ${conflict} | ${conflict}                | ${'ok'}
    ${'deleted'}  | ${gone}     | ${gone}     | ${gone}     | ${gone}     | ${gone}     | ${gone}     | ${gone}                    | ${gone}
    ${'purged'}   | ${missing}  | ${missing}  | ${missing}  | ${missing}  | ${missing}  | ${missing}  | ${missing}                 | ${missing}
  `('$state', async ({ state, ...expected }: { state: string } & Record<string, string>) => {
    const { id, ciphertext } = await inState[state]!();
    const body = { ciphertext, aad: AAD };
    expect({
      wrap: outcome(await act(id, 'wrap', {})),
      unwrap: outcome(await act(id, 'unwrap', body)),
      rewrap: outcome(await act(id, 'rewrap', body)),
      rotate: outcome(await act(id, 'rotate')),
      versions: outcome(await manager.call('GET', `/keys/${id}/versions`)),
      disable: outcome(await act(id, 'disable')),
      enable: outcome(await act(id, 'enable')),
      destroy: outcome(await manager.call('DELETE', `/keys/${id}`)),
    }).toEqual(expected);
  });

  it('says in words what failed', async () => {
    const { id } = await sealed();
    await act(id, 'disable');
    expect((await act(id, 'wrap', {})).body).toEqual({
      metadata: { collectionType: 'application/vnd.ibm.kms.error+json', collectionTotal: 1 },
      resources: [
        {
          errorMsg:
            'Conflict: Wrap with key could not be performed: Please see `reasons` for more details (KEY_ACTION_INVALID_STATE_ERR)',
          reasons: [
            {
              code: 'KEY_ACTION_INVALID_STATE_ERR',
              message: 'Key is not in a valid state',
              status: 409,
              moreInfo: 'https://cloud.ibm.com/apidocs/key-protect',
            },
          ],
        },
      ],
    });
    expect(firstResource(await act(id, 'disable'))['errorMsg']).toBe(
      'Conflict: Key is not in active state: Key could not be disabled: Please see `reasons` for more details (KEY_ACTION_INVALID_STATE_ERR)',
    );
  });
});

describe('wrapping', () => {
  it('makes 32 bytes when none are given, and a different ciphertext each time', async () => {
    const first = (await act(tenant.rootKey.id, 'wrap', {})).body as Record<string, unknown>;
    expect(Buffer.from(first['plaintext'] as string, 'base64')).toHaveLength(32);
    const plaintext = randomBytes(32).toString('base64');
    const texts = await Promise.all([1, 2].map(() => act(tenant.rootKey.id, 'wrap', { plaintext })));
    const [a, b] = texts.map(({ body }) => body as { ciphertext: string });
    expect(a!.ciphertext).not.toBe(b!.ciphertext);
    expect(a).not.toHaveProperty('plaintext');
    const envelope = JSON.parse(Buffer.from(a!.ciphertext, 'base64').toString('utf8')) as Record<string, string>;
    expect(Object.keys(envelope)).toEqual(['ciphertext', 'iv', 'version', 'handle']);
    expect(envelope).toMatchObject({ version: '4.0.0', handle: tenant.rootKey.id });
  });

  it.each([
    ['the same', AAD, 'ok'],
    ['none', undefined, '422 UNPROCESSABLE_CIPHERTEXT_ERR'],
    ['another order', [...AAD].reverse(), '422 UNPROCESSABLE_CIPHERTEXT_ERR'],
    ['other borders', ['instancek', 'ey'], '422 UNPROCESSABLE_CIPHERTEXT_ERR'],
    ['256 strings', new Array(256).fill('x'), '400 INVALID_FIELD_ERR'],
    ['a string of 256', ['x'.repeat(256)], '400 INVALID_FIELD_ERR'],
    ['a number', [1], '400 BAD_BODY_ERR'],
  ])('unwrap with %s additional data -> %3$s', async (_name, aad, expected) => {
    const { id, ciphertext } = await sealed();
    expect(outcome(await act(id, 'unwrap', { ciphertext, ...(aad && { aad }) }))).toBe(expected);
  });

  it.each<[string, string, object | undefined, string]>([
    ['wrap', 'a field nobody knows', { plaintext: 'AAAA', extra: 1 }, '400 BAD_BODY_ERR'],
    ['wrap', 'plaintext that is not base64', { plaintext: 'AA;A' }, '400 INVALID_FIELD_ERR'],
    ['wrap', 'base64 without its padding', { plaintext: 'AA' }, '400 INVALID_FIELD_ERR'],
    ['unwrap', 'no body', undefined, '400 NO_BODY_ERR'],
    ['unwrap', 'no ciphertext', {}, '400 INVALID_FIELD_ERR'],
    ['unwrap', 'ciphertext that is not base64', { ciphertext: 'e;' }, '400 INVALID_FIELD_ERR'],
    ['unwrap', 'base64 of something else', { ciphertext: 'AAAA' }, '422 UNPROCESSABLE_CIPHERTEXT_ERR'],
    ['rewrap', 'no body', undefined, '400 NO_BODY_ERR'],
    ['rotate', 'a field nobody knows', { force: true }, '400 BAD_BODY_ERR'],
    ['rotate', 'material for a generated key', { payload: 'A'.repeat(43) + '=' }, '400 INVALID_FIELD_ERR'],
  ])('%s refuses %s', async (action, _name, body, expected) => {
    expect(outcome(await act(tenant.rootKey.id, action, body))).toBe(expected);
  });

  it('needs a root key', async () => {
    const id = await manager.create({ name: 'standard', extractable: true });
    for (const action of ['wrap', 'unwrap', 'rewrap', 'rotate', 'disable', 'enable']) {
      expect(outcome(await act(id, action, {}))).toBe('400 KEY_ROOT_REQ_ERR');
    }
  });

  it('opens with any root key of the same material', async () => {
    const payload = randomBytes(32).toString('base64');
    const { ciphertext, plaintext } = await sealed({ payload });
    const twin = await manager.create({ name: 'twin', extractable: false, payload });
    const answer = await act(twin, 'unwrap', { ciphertext, aad: AAD });
    expect(answer.body).toEqual({ plaintext, keyVersion: { id: twin } });
  });
});

describe('rotation', () => {
  it('keeps old ciphertexts readable and offers them under the newest version', async () => {
    const { id, ciphertext, plaintext } = await sealed();
    expect((await act(id, 'rotate')).status).toBe(204);
    const [newest, oldest] = resourcesOf(await manager.call('GET', `/keys/${id}/versions`));
    expect(oldest!['id']).toBe(id);
    const unwrapped = (await act(id, 'unwrap', { ciphertext, aad: AAD })).body as Record<string, unknown>;
    expect(unwrapped).toMatchObject({ plaintext, keyVersion: { id }, rewrappedKeyVersion: { id: newest!['id'] } });
    const again = await act(id, 'unwrap', { ciphertext: unwrapped['ciphertext'], aad: AAD });
    expect(again.body).toEqual({ plaintext, keyVersion: { id: newest!['id'] } });
    const rewrapped = (await act(id, 'rewrap', { ciphertext, aad: AAD })).body;
    expect(rewrapped).toMatchObject({ keyVersion: { id }, rewrappedKeyVersion: { id: newest!['id'] } });
    expect(rewrapped).not.toHaveProperty('plaintext');
  });

  it('is free the first time, then once an hour', async () => {
    const { id } = await sealed();
    expect(outcome(await act(id, 'rotate'))).toBe('ok');
    await cloud.advance(HOUR - 5);
    expect(outcome(await act(id, 'rotate'))).toBe('409 KEY_ROTATION_NOT_PERMITTED');
    await cloud.advance(6);
    expect(outcome(await act(id, 'rotate'))).toBe('ok');
  });

  it('of an imported key needs new material', async () => {
    const { id } = await sealed({ payload: randomBytes(32).toString('base64') });
    expect(outcome(await act(id, 'rotate'))).toBe('400 KEY_PAYLOAD_REQ_ERR');
    expect(outcome(await act(id, 'rotate', { payload: randomBytes(31).toString('base64') }))).toBe(
      '400 INVALID_FIELD_ERR',
    );
    expect(outcome(await act(id, 'rotate', { payload: randomBytes(32).toString('base64') }))).toBe('ok');
  });
});

describe('waiting times', () => {
  it('enable: 30 s after disable', async () => {
    const { id } = await sealed();
    await act(id, 'disable');
    await cloud.advance(28);
    expect(outcome(await act(id, 'enable'))).toBe('409 REQ_TOO_EARLY_ERR');
    await cloud.advance(3);
    expect(outcome(await act(id, 'enable'))).toBe('ok');
    expect(outcome(await act(id, 'wrap', {}))).toBe('ok');
  });

  const restore = (id: string): Promise<Answer> => manager.call('POST', `/keys/${id}/restore`);
  const purge = (id: string): Promise<Answer> => manager.call('DELETE', `/keys/${id}/purge`);

  it.each([
    ['restore before 30 s', 28, restore, '409 REQ_TOO_EARLY_ERR'],
    ['restore after 30 s', 31, restore, 'ok'],
    ['restore in the last hour of 30 days', 30 * DAY - HOUR, restore, 'ok'],
    ['restore after 30 days', 30 * DAY + 1, restore, '400 KEY_RESTORE_EXPIRED'],
    ['purge before 4 hours', 4 * HOUR - 5, purge, '409 REQ_TOO_EARLY_ERR'],
    ['purge after 4 hours', 4 * HOUR + 1, purge, 'ok'],
    ['anything after 90 days', 90 * DAY + 1, restore, '404 KEY_NOT_FOUND_ERR'],
  ])('%s', async (_name, seconds, action, expected) => {
    const { id, ciphertext } = await sealed();
    await manager.call('DELETE', `/keys/${id}`);
    await cloud.advance(seconds);
    expect(outcome(await action(id))).toBe(expected);
    if (action === restore && expected === 'ok') {
      expect(outcome(await act(id, 'unwrap', { ciphertext, aad: AAD }))).toBe('ok');
    }
  });

  it('an expired key does not come back by delete and restore', async () => {
    const { id } = await sealed({ expirationDate: new Date(cloud.cloud.clock.now().getTime() + 60_000).toISOString() });
    await manager.call('DELETE', `/keys/${id}`);
    await cloud.advance(120);
    expect(outcome(await restore(id))).toBe('400 KEY_EXPIRED_ERR');
  });

  it('a key that lives can be neither restored nor purged', async () => {
    const { id } = await sealed();
    expect(outcome(await restore(id))).toBe('409 KEY_ACTION_INVALID_STATE_ERR');
    expect(outcome(await purge(id))).toBe('409 KEY_ACTION_INVALID_STATE_ERR');
  });
});
